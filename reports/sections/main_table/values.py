"""Values of the main table: every arm of a study by every metric, as mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.sections.ablation.values import ArmRow, ContrastTable, MeasuredArms
from reports.sections.main_table.columns import Column, columns_of
from reports.sections.main_table.marks import Marks, place_marks
from reports.sections.main_table.seed_spread import complete_seeds, seed_spread


@dataclass(frozen=True)
class MainCell:
    """One metric of one arm, in the unit that it is shown in.

    Attributes:
        mean: as in all tables, over cells of the means over seeds; None where the arm has no score.
        deviation: over seeds, each its mean over cells; None for fewer than two of them.
        num_seeds: that ``deviation`` is over.
    """

    mean: float | None
    deviation: float | None
    num_seeds: int


@dataclass(frozen=True)
class MainRow:
    """One arm.

    Attributes:
        number: of the row, which marks name; the first is 1.
        arm: with its components and its runs.
        num_seeds: seeds with a run on every cell that the arm has one on.
        cells: metric -> its numbers.
        marks: verdicts on the declared contrasts that stand at this row.
    """

    number: int
    arm: ArmRow
    num_seeds: int
    cells: Mapping[str, MainCell]
    marks: Marks = field(default_factory=dict)


@dataclass(frozen=True)
class MainTable:
    """The baseline with its ablations and controls, then the other methods.

    Attributes:
        rows: every arm once.
        num_family: how many of them are no other methods.
        components: component -> its label: those that arms of one method differ in.
        columns: what is shown.
        metrics: all that are measured, the primary one first.
        num_contrasts: declared ones.
    """

    rows: tuple[MainRow, ...]
    num_family: int
    components: Mapping[str, str]
    columns: tuple[Column, ...]
    metrics: tuple[Metric, ...]
    num_contrasts: int


def tabulate_main(
    study: StudyDescription,
    results: ResultsTable,
    arms: MeasuredArms,
    contrasts: ContrastTable,
    metrics: Sequence[Metric],
) -> MainTable:
    """The main table of a study.

    Args:
        study: as trained.
        results: the scores of all runs; a failed one has the constant predictor's, here as in all tables.
        arms: the same arms as measured.
        contrasts: with their verdicts.
        metrics: in display order, the primary one first.
    """
    found = tuple(arms.by_name.values())
    marks = place_marks(contrasts.rows, {row.arm: number for number, row in enumerate(found, start=1)})
    rows = tuple(
        MainRow(
            number=number,
            arm=row,
            num_seeds=int(complete_seeds(results.state[results.arms.index(row.arm)] >= RunState.COMPLETED).sum()),
            cells={metric.name: _cell(results, row, metric) for metric in metrics},
            marks=marks.get(row.arm, {}),
        )
        for number, row in enumerate(found, start=1)
    )
    return MainTable(
        rows=rows,
        num_family=len(arms.ablation.rows),
        components=_components(study, found),
        columns=columns_of(metrics),
        metrics=tuple(metrics),
        num_contrasts=len(contrasts.rows),
    )


def _cell(results: ResultsTable, row: ArmRow, metric: Metric) -> MainCell:
    estimates = row.measured[metric.name].estimates
    spread = seed_spread(results.of(row.arm, metric.name) * metric.factor)
    return MainCell(None if estimates is None else estimates.value, spread.deviation, spread.num_seeds)


def _components(study: StudyDescription, arms: Sequence[ArmRow]) -> dict[str, str]:
    """Those that two arms of the same method differ in: a method's switches that no arm turns are no columns."""
    states: dict[tuple[str, str], set[str]] = {}
    for row in arms:
        for name, tick in row.ticks.items():
            states.setdefault((row.model, name), set()).add(tick.mark)
    differing = {name for (_, name), marks in states.items() if len(marks) > 1}
    return {name: label for name, label in study.component_labels.items() if name in differing}
