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
from reports.text.number_cells import mean_cell

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
        kind, words: of its verdict.
    """

    row: IntervalRow
    pair: str
    kind: VerdictKind
    words: str


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
    return tuple(_contrast_mark(row, metric) for row in contrasts)


def arm_marks(arms: Iterable[ArmRow], metric: Metric, baseline: str) -> tuple[ArmMark, ...]:
    """The arms on the primary metric, in the order given.

    Args:
        arms: as measured.
        metric: the primary one.
        baseline: its name.
    """
    return tuple(_arm_mark(row, metric, baseline) for row in arms)


def _contrast_mark(row: ContrastRow, metric: Metric) -> ContrastMark:
    contrast = row.contrast
    pair = contrast.pair
    interval_row = _interval_row(contrast.isolates or pair, row.differences[metric.name].estimates, metric, signed=True)
    return ContrastMark(interval_row, pair if contrast.isolates else "", row.verdict.kind, row.verdict.text)


def _arm_mark(row: ArmRow, metric: Metric, baseline: str) -> ArmMark:
    interval_row = _interval_row(row.label, row.measured[metric.name].estimates, metric, signed=False)
    return ArmMark(row.arm, interval_row, row.components, row.arm == baseline, row.ticks)


def _interval_row(label: str, estimates: EstimatePair | None, metric: Metric, signed: bool) -> IntervalRow:
    if estimates is None:
        return IntervalRow(label, None, None, None, 0, "no runs")
    rerun, new_data = estimates.rerun, estimates.new_data
    text = mean_cell(estimates, metric, signed)
    return IntervalRow(label, estimates.value, _interval(rerun), _interval(new_data), rerun.n, text)


def _interval(estimate: Estimate) -> Interval | None:
    return None if estimate.low is None or estimate.high is None else (estimate.low, estimate.high)
