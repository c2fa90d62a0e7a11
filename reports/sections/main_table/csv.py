"""The main table as CSV: one line per arm, every metric that the study has, full precision."""

from __future__ import annotations

from reports.sections.ablation.csv import tick_cell
from reports.sections.main_table.marks import MARK_KINDS, MarkKind
from reports.sections.main_table.values import MainTable
from reports.text.csv_table import Cell, Table

NAME = "main_table"
_MARK_COLUMNS: dict[MarkKind, str] = {
    "both questions": "better_than",
    "these data": "better_here_than",
    "not shown": "no_difference_shown_to",
    "no verdict": "not_judged_against",
}


def main_csv(table: MainTable) -> Table:
    """Marks name arms, several divided by blanks, as commands take them."""
    name_of = {row.number: row.arm.arm for row in table.rows}
    rows = []
    for row in table.rows:
        arm, counts = row.arm, row.arm.counts
        ticks = tuple(tick_cell(arm.ticks.get(name)) for name in table.components)
        head: tuple[Cell, ...] = (row.number, arm.arm, arm.label, arm.role, arm.model, *ticks)
        runs: tuple[Cell, ...] = (row.num_seeds, counts.scored, counts.failed, counts.missing)
        cells = (row.cells[metric.name] for metric in table.metrics)
        numbers = tuple(number for cell in cells for number in (cell.mean, cell.deviation))
        marks = (" ".join(name_of[number] for number in row.marks.get(kind, ())) for kind in MARK_KINDS)
        rows.append((*head, *runs, *numbers, *marks))
    names = tuple(name for metric in table.metrics for name in (metric.name, f"{metric.name}_sd"))
    columns = ("row", "arm", "label", "role", "model", *table.components, "seeds", "runs", "failed", "missing", *names)
    return Table(NAME, (*columns, *_MARK_COLUMNS.values()), tuple(rows))
