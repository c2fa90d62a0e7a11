"""Numbers of one column are read down the rows: they have equally many decimals."""

from __future__ import annotations

from reports.results.estimates import EstimatePair
from reports.results.metrics import find_metric
from reports.statistics.estimate import Estimate
from reports.text.number_cells import column_decimals, mean_cell, mean_column

MAE = find_metric("mae")


def pair(value: float, rerun: float, new_data: float) -> EstimatePair:
    """rerun, new_data: half-widths."""
    return EstimatePair(
        Estimate(value, value - rerun, value + rerun, 25, 20, "rerun"),
        Estimate(value, value - new_data, value + new_data, 31, 30, "new data"),
    )


def test_a_method_without_randomness_has_the_decimals_of_its_column() -> None:
    """Alone its new-data interval would give it two; the others' rerun intervals give them three."""
    trained, other, closed = pair(0.9153, 0.014, 0.116), pair(0.8911, 0.010, 0.111), pair(0.9391, 0.0, 0.111)
    assert mean_cell(closed, MAE) == "0.94 (± 0.00, ± 0.11)"
    assert mean_column([trained, other, closed], MAE) == [
        "0.915 (± 0.014, ± 0.116)",
        "0.891 (± 0.010, ± 0.111)",
        "0.939 (± 0.000, ± 0.111)",
    ]


def test_of_equally_many_rows_those_with_more_decimals_decide() -> None:
    coarse, fine = pair(0.9, 0.05, 0.05), pair(0.9, 0.004, 0.05)
    assert column_decimals([coarse, fine, None], MAE) == 3
    assert column_decimals([coarse, coarse, fine], MAE) == 2
    assert column_decimals([None], MAE) == MAE.decimals
