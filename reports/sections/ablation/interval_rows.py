"""What the interval figures show: a value with both intervals per row, for the arms and for the declared contrasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.sections.ablation.component_ticks import Tick
from reports.sections.ablation.values import ArmRow, ContrastRow
from reports.statistics.estimate import Estimate
from reports.statistics.verdict import VerdictKind
from reports.text.number_cells import mean_column

Interval = tuple[float, float]


@dataclass(frozen=True)
class IntervalRow:
    """One row of an interval figure, in the unit that the metric is shown in.

    Attributes:
        label: what stands at the left of the row.
        value: the point estimate; None where there is no run.
        rerun, new_data: ends of the intervals; None where undefined.
        n: runs, or pairs of runs.
        text: the number as tables print it, both half-widths included.
    """

    label: str
    value: float | None
    rerun: Interval | None
    new_data: Interval | None
    n: int
    text: str


@dataclass(frozen=True)
class ContrastMark:
    """A declared contrast in the forest plot.

    Attributes:
        row: the difference with its intervals.
        pair: ``first - second``; empty where the row's label says it already.
        kind, words, is_corrected_away: of its verdict.
    """

    row: IntervalRow
    pair: str
    kind: VerdictKind
    words: str
    is_corrected_away: bool = False


@dataclass(frozen=True)
class ArmMark:
    """An arm in the ablation figure.

    Attributes:
        arm: its name.
        row: the mean score with its intervals.
        components: component -> whether it is on; empty for a method that has none.
        is_baseline: whether the arm is the study's baseline.
        ticks: component -> its tick; those that vary from cell to cell, too.
    """

    arm: str
    row: IntervalRow
    components: Mapping[str, bool]
    is_baseline: bool
    ticks: Mapping[str, Tick]


def contrast_marks(contrasts: Sequence[ContrastRow], metric: Metric) -> tuple[ContrastMark, ...]:
    """The declared contrasts on the primary metric, in declared order."""
    estimates = [row.differences[metric.name].estimates for row in contrasts]
    texts = mean_column(estimates, metric, signed=True)
    rows = zip(contrasts, estimates, texts, strict=True)
    return tuple(_contrast_mark(row, found, text) for row, found, text in rows)


def arm_marks(arms: Iterable[ArmRow], metric: Metric, baseline: str) -> tuple[ArmMark, ...]:
    """The arms on the primary metric, in the order given.

    Args:
        arms: as measured.
        metric: the primary one.
        baseline: its name.
    """
    rows = tuple(arms)
    estimates = [row.measured[metric.name].estimates for row in rows]
    texts = mean_column(estimates, metric)
    return tuple(
        ArmMark(
            arm=row.arm,
            row=_interval_row(row.label, found, text),
            components=row.components,
            is_baseline=row.arm == baseline,
            ticks=row.ticks,
        )
        for row, found, text in zip(rows, estimates, texts, strict=True)
    )


def _contrast_mark(row: ContrastRow, estimates: EstimatePair | None, text: str) -> ContrastMark:
    contrast, verdict = row.contrast, row.verdict
    pair = contrast.pair
    interval_row = _interval_row(contrast.isolates or pair, estimates, text)
    shown_pair = pair if contrast.isolates else ""
    return ContrastMark(
        row=interval_row,
        pair=shown_pair,
        kind=verdict.kind,
        words=verdict.text,
        is_corrected_away=verdict.is_corrected_away,
    )


def _interval_row(label: str, estimates: EstimatePair | None, text: str) -> IntervalRow:
    """text: of the estimates, as the column has it."""
    if estimates is None:
        return IntervalRow(label=label, value=None, rerun=None, new_data=None, n=0, text="no runs")
    rerun, new_data = estimates.rerun, estimates.new_data
    return IntervalRow(
        label=label, value=estimates.value, rerun=_interval(rerun), new_data=_interval(new_data), n=rerun.n, text=text
    )


def _interval(estimate: Estimate) -> Interval | None:
    return None if estimate.low is None or estimate.high is None else (estimate.low, estimate.high)
