"""One CSV file as a value: full precision, line feeds, one header row, empty cells for what is undefined.

Text in it is no formula to a spreadsheet (:mod:`reports.text.spreadsheet_cell`).
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

from reports.results.estimates import EstimatePair
from reports.statistics.estimate import Estimate
from reports.text.spreadsheet_cell import inert_text

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """One CSV file.

    Attributes:
        name: of the file, without its ending.
        columns: the header row.
        rows: each as long as ``columns``.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_csv(self) -> str:
        """The file's text."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(inert_text, self.columns))
        writer.writerows([_text(cell) for cell in row] for row in self.rows)
        return text.getvalue()


def _text(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return inert_text(cell)
    # A numpy float is a float whose own text names its type.
    return repr(float(cell)) if isinstance(cell, float) else str(cell)


ANSWER_COLUMNS = (
    "value",
    *("rerun_low", "rerun_high", "rerun_df", "rerun_n", "rerun_method", "rerun_note"),
    *("new_data_low", "new_data_high", "new_data_df", "new_data_n", "new_data_method", "new_data_note"),
)
"""The headings of :func:`answer_cells`."""


def estimate_pair_cells(estimates: EstimatePair | None) -> tuple[Cell, ...]:
    """A value with both intervals; empty cells for None."""
    if estimates is None:
        return (None,) * len(ANSWER_COLUMNS)
    return (estimates.value, *estimate_cells(estimates.rerun), *estimate_cells(estimates.new_data))


def estimate_cells(estimate: Estimate) -> tuple[Cell, ...]:
    """Both ends of the interval, degrees of freedom, number of runs, method and note."""
    return estimate.low, estimate.high, estimate.df, estimate.n, estimate.method, estimate.note
