"""The fronts of a search over several objectives, as text and as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from reports.results.metrics import known_metric
from reports.sections.pareto.values import DEVICE_SECONDS, PARAMETERS, ParetoFront, ParetoTable
from reports.text.csv_table import Cell, Table
from reports.text.durations import duration_text
from reports.text.markdown_table import Grid
from reports.text.rounding import compact, fixed

MOST_POINTS_SHOWN = 12
MOST_FRONTS_SHOWN = 6


def front_blocks(table: ParetoTable, num_cells: int) -> Iterator[tuple[str, Grid]]:
    """A lead and a table per front, the first of them where there are many. num_cells: of the study."""
    for front in table.fronts[:MOST_FRONTS_SHOWN]:
        yield _lead(front, num_cells), _grid(front, table)


def objective_label(objective: str) -> str:
    """``valid MAE``, ``parameters``, ``device time``."""
    metric = known_metric(objective.removeprefix("valid/"))
    if metric is not None:
        return f"valid {metric.label}"
    return "device time" if objective == DEVICE_SECONDS else objective


def value_text(objective: str, value: float) -> str:
    """A value with the digits that an objective is read in."""
    metric = known_metric(objective.removeprefix("valid/"))
    if metric is not None:
        return fixed(value * metric.factor, metric.decimals) + metric.unit
    return f"{value:.0f}" if objective == PARAMETERS else duration_text(value)


def front_table(table: ParetoTable | None) -> Table:
    """Every trial on a front. table: None where the search had one objective, or there was none."""
    objectives = table.objectives if table is not None else ()
    fronts = table.fronts if table is not None else ()
    names = sorted({name for front in fronts for point in front.points for name in point.parameters})
    rows: list[tuple[Cell, ...]] = [
        (front.arm, front.cell.name, point.trial_id, *point.values, *(point.parameters.get(name) for name in names))
        for front in fronts
        for point in front.points
    ]
    return Table("pareto", ("arm", "cell", "trial_id", *objectives, *names), tuple(rows))


def _lead(front: ParetoFront, num_cells: int) -> str:
    where = "" if num_cells == 1 else f", {front.cell.name}"
    total = len(front.points) + len(front.beaten)
    shown = f"; the first {MOST_POINTS_SHOWN} are shown" if len(front.points) > MOST_POINTS_SHOWN else ""
    return f"`{front.arm}`{where}: {len(front.points)} of {total} completed trials{shown}."


def _grid(front: ParetoFront, table: ParetoTable) -> Grid:
    names = sorted({name for point in front.points for name in point.parameters})
    rows = tuple(
        (
            *(value_text(name, value) for name, value in zip(table.objectives, point.values, strict=True)),
            *(compact(point.parameters[name]) if name in point.parameters else "" for name in names),
        )
        for point in front.points[:MOST_POINTS_SHOWN]
    )
    headings = (*(objective_label(name) for name in table.objectives), *names)
    return Grid(headings, "r" * len(headings), rows)
