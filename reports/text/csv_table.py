"""One CSV file as a value: full precision, line feeds, one header row, empty cells for what is undefined."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """One CSV file without its ending: ``name``, columns and rows of equal length."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> str:
        """The file's text."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_text(cell) for cell in row] for row in self.rows)
        return text.getvalue()


def _text(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    # A numpy float is a float whose own text names its type.
    return repr(float(cell)) if isinstance(cell, float) else str(cell)
