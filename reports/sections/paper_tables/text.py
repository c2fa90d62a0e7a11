"""The tables of the paper as text and as CSV: cells with footnote letters for what was not measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.sections.paper_tables.published import Printed
from reports.sections.paper_tables.table import PaperCell, PaperColumn, PaperEntry, PaperTable
from reports.text.csv_table import ANSWER_COLUMNS, Cell, Table, estimate_pair_cells
from reports.text.markdown_table import Grid
from reports.text.number_cells import column_decimals, mean_cell, runs_cell
from reports.text.rounding import ABSENT, fixed


@dataclass(frozen=True)
class PaperBlock:
    """What the template shows of one table. gaps: the footnotes, one per reason that something was not measured."""

    table: PaperTable
    grid: Grid
    gaps: tuple[str, ...]


def paper_block(table: PaperTable) -> PaperBlock:
    """One table with its footnotes."""
    letters = _letters(table)
    decimals = [_decimals_of(table, group) for group in range(len(table.groups))]
    rows = []
    for row in table.rows:
        cells = row.names
        for columns, entry, digits in zip(table.groups, row.entries, decimals, strict=True):
            cells += tuple(_cells(columns, entry, letters, digits))
        rows.append(cells)
    headings = table.name_headings
    align = "l" + ("l" if table.number in (1, 2, 4) else "c") * (len(headings) - 1)
    for columns in table.groups:
        headings += ("runs", *(heading for column in columns for heading in _headings(column)))
        align += "r" * (1 + sum(len(_headings(column)) for column in columns))
    return PaperBlock(table, Grid(headings, align, tuple(rows), table.blocks), tuple(_footnotes(table, letters)))


def _headings(column: PaperColumn) -> tuple[str, ...]:
    measured = f"{column.heading} {column.reading or 'measured'}"
    return (f"{column.heading} published", measured) if column.has_printed else (measured,)


def _decimals_of(table: PaperTable, group: int) -> Mapping[str, int]:
    """Metric -> decimals of its measured numbers in a group of columns."""
    column: dict[str, list[PaperCell]] = {}
    for row in table.rows:
        for cell in row.entries[group].cells:
            column.setdefault(cell.metric.name, []).append(cell)
    return {name: column_decimals((cell.measured for cell in cells), cells[0].metric) for name, cells in column.items()}


def _cells(
    columns: tuple[PaperColumn, ...], entry: PaperEntry, letters: Mapping[str, str], decimals: Mapping[str, int]
) -> Iterator[str]:
    yield ABSENT if entry.counts is None else runs_cell(entry.counts)
    mark = f"{ABSENT} {letters[entry.gap]}" if entry.gap else ABSENT
    for column, cell in zip(columns, entry.cells, strict=True):
        if column.has_printed:
            yield printed_cell(cell.printed)
        yield measured_cell(cell, decimals[cell.metric.name]) if cell.measured is not None else mark


def printed_cell(printed: Printed | None) -> str:
    """``41.9``, in brackets where it was repaired."""
    if printed is None:
        return ABSENT
    return f"[{fixed(printed.value, 1)}]" if printed.is_repaired else fixed(printed.value, 1)


def measured_cell(cell: PaperCell, decimals: int | None = None) -> str:
    """Mean with the half-widths of both intervals. decimals: of the column; None: what the intervals support."""
    return mean_cell(cell.measured, cell.metric, decimals=decimals)


def _letters(table: PaperTable) -> dict[str, str]:
    """Reason -> its letter, in the order in which the reasons appear."""
    reasons = dict.fromkeys(entry.gap for row in table.rows for entry in row.entries if entry.gap)
    return {reason: chr(ord("a") + place) for place, reason in enumerate(reasons)}


def _footnotes(table: PaperTable, letters: Mapping[str, str]) -> Iterator[str]:
    for reason, letter in letters.items():
        labels = [row.label for row in table.rows if any(entry.gap == reason for entry in row.entries)]
        yield f"{letter}: {reason} ({', '.join(dict.fromkeys(labels))})."


def paper_csv(tables: Sequence[PaperTable]) -> Table:
    """Every cell of every table of the paper, printed beside measured."""
    rows: list[tuple[Cell, ...]] = []
    for table in tables:
        for row in table.rows:
            for columns, entry in zip(table.groups, row.entries, strict=True):
                for column, cell in zip(columns, entry.cells, strict=True):
                    printed = cell.printed if column.has_printed else None
                    value = (None, None) if printed is None else (printed.value, printed.is_repaired)
                    name = (table.number, table.dataset, table.is_same_data, row.label, column.heading, column.reading)
                    runs = None if entry.counts is None else entry.counts.scored
                    last = ("+".join(entry.arms), entry.gap, runs, *estimate_pair_cells(cell.measured))
                    rows.append((*name, cell.metric.name, *value, *last))
    names = ("table", "dataset", "is_same_data", "row", "column", "reading", "metric", "published", "is_repaired")
    return Table("paper", (*names, "arm", "gap", "runs", *ANSWER_COLUMNS), tuple(rows))
