"""A Markdown table that is also readable as plain text: padded columns, numbers to the right."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

ColumnT = TypeVar("ColumnT")


@dataclass(frozen=True)
class Grid:
    """Cells as text. ``align``: one of ``l``, ``r``, ``c`` per column.

    blocks: places of the rows that begin a new block; LaTeX draws a rule there (:mod:`reports.text.latex_table`).
    """

    headings: tuple[str, ...]
    align: str
    rows: tuple[tuple[str, ...], ...]
    blocks: tuple[int, ...] = ()

    def with_column(self, heading: str, align: str, cells: Sequence[str]) -> Grid:
        """The same table with one more column at its right."""
        rows = tuple((*row, cell) for row, cell in zip(self.rows, cells, strict=True))
        return replace(self, headings=(*self.headings, heading), align=self.align + align, rows=rows)

    def __str__(self) -> str:
        for row in self.rows:
            assert len(row) == len(self.headings) == len(self.align), (self.headings, self.align, row)
        table = [[_escape(cell) for cell in row] for row in (self.headings, *self.rows)]
        widths = [max(3, *(_width(row[place]) for row in table)) for place in range(len(self.headings))]
        rule = [_rule(kind, width) for kind, width in zip(self.align, widths, strict=True)]
        lines = [_line([_pad(cell, w, a) for cell, w, a in zip(row, widths, self.align, strict=True)]) for row in table]
        return "\n".join([lines[0], _line(rule), *lines[1:]])


@dataclass(frozen=True)
class MarkdownTable:
    """One ``.md`` file with a table that explains itself.

    Attributes:
        name: of the file, without its ending.
        caption: plain text, above the table.
        grid: the cells.
        notes: a list below the table, plain text as well.
    """

    name: str
    caption: str
    grid: Grid
    notes: tuple[str, ...] = ()

    def to_markdown(self) -> str:
        """The file's text."""
        parts = [self.caption, str(self.grid), "\n".join(f"- {note}" for note in self.notes)]
        return "\n\n".join(filter(None, parts)) + "\n"


def deal_columns(columns: Sequence[ColumnT], most: int) -> Iterator[Sequence[ColumnT]]:
    """What each of several tables shows: at most ``most`` columns, as few tables as that takes, all about as wide."""
    num_tables = -(-len(columns) // most)
    for place in range(num_tables):
        start, end = (-(-len(columns) * edge // num_tables) for edge in (place, place + 1))
        yield columns[start:end]


def _escape(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _width(cell: str) -> int:
    return sum(0 if unicodedata.combining(letter) else 1 for letter in cell)


def _pad(cell: str, width: int, align: str) -> str:
    space = width - _width(cell)
    if align == "r":
        return " " * space + cell
    left = space // 2 if align == "c" else 0
    return " " * left + cell + " " * (space - left)


def _rule(align: str, width: int) -> str:
    if align == "r":
        return "-" * (width - 1) + ":"
    return ":" + "-" * (width - 2) + ":" if align == "c" else "-" * width


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
