"""Measured numbers as table cells: the mean with the half-widths of both named intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.results.results import RunCounts
from reports.statistics.estimate import Estimate
from reports.text.rounding import ABSENT, decimals_for, fixed

CELL_LEGEND = "mean (± rerun, ± new data)"


def decimals_of(estimates: EstimatePair, metric: Metric) -> int:
    """Decimals that both intervals support."""
    return decimals_for([estimates.rerun.half_width, estimates.new_data.half_width], metric.decimals)


def column_decimals(column: Iterable[EstimatePair | None], metric: Metric) -> int:
    """Decimals of a column, in which numbers are compared down the rows: those that most rows support, of equally many
    the most. A method without randomness has one interval alone and would stand out by its digits."""
    numbers = Counter(decimals_of(estimates, metric) for estimates in column if estimates is not None)
    return max(numbers, key=lambda decimals: (numbers[decimals], decimals), default=metric.decimals)


def mean_cell(estimates: EstimatePair | None, metric: Metric, signed: bool = False, decimals: int | None = None) -> str:
    """``0.931 (± 0.012, ± 0.045)``: rerun first, new data second; a dash for an interval that is undefined.

    decimals: of the column; None: what these intervals support.
    """
    if estimates is None:
        return ABSENT
    decimals = decimals_of(estimates, metric) if decimals is None else decimals
    widths = [f"± {fixed(item.half_width, decimals)}" for item in (estimates.rerun, estimates.new_data)]
    return f"{fixed(estimates.value, decimals, signed)} ({', '.join(widths)})"


def mean_column(column: Sequence[EstimatePair | None], metric: Metric, signed: bool = False) -> list[str]:
    """The cells of a column, with equally many decimals."""
    decimals = column_decimals(column, metric)
    return [mean_cell(estimates, metric, signed, decimals) for estimates in column]


def interval_cell(estimate: Estimate, decimals: int, signed: bool = False) -> str:
    """``0.919 to 0.943``; a dash where undefined."""
    if estimate.low is None or estimate.high is None:
        return ABSENT
    return f"{fixed(estimate.low, decimals, signed)} to {fixed(estimate.high, decimals, signed)}"


def value_cells(estimates: EstimatePair | None, decimals: int, signed: bool = False) -> tuple[str, str, str]:
    """The value, its rerun interval and its new-data interval; dashes where there is no value.

    decimals: of the column.
    """
    if estimates is None:
        return ABSENT, ABSENT, ABSENT
    return (
        fixed(estimates.value, decimals, signed),
        interval_cell(estimates.rerun, decimals, signed),
        interval_cell(estimates.new_data, decimals, signed),
    )


def difference_cells(estimates: EstimatePair | None, decimals: int) -> tuple[str, str, str, str]:
    """Of a difference or another sum of arms: how many pairs or sets of runs it is the mean of, then as
    :func:`value_cells`, with signs."""
    return ("0" if estimates is None else str(estimates.rerun.n), *value_cells(estimates, decimals, signed=True))


def runs_cell(counts: RunCounts) -> str:
    """Runs in the mean, with those that failed or are missing."""
    remarks = [f"{counts.failed} failed"] if counts.failed else []
    remarks += [f"{counts.missing} missing"] if counts.missing else []
    return f"{counts.scored} ({', '.join(remarks)})" if remarks else str(counts.scored)
