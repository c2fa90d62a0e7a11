"""An interval that says nothing is not printed as one."""

from __future__ import annotations

import pytest

from reports.statistics.estimate import t_estimate


def test_less_than_one_degree_of_freedom_defines_no_interval() -> None:
    estimate = t_estimate(0.013, 0.03, 0.16, 12, "new data", "spread between groups")
    assert (estimate.low, estimate.high, estimate.p_value, estimate.df) == (None, None, None, None)
    assert "less than one degree of freedom" in estimate.note
    assert (estimate.value, estimate.n, estimate.method) == (0.013, 12, "spread between groups")


def test_one_degree_of_freedom_still_does() -> None:
    estimate = t_estimate(0.0, 1.0, 1.0, 2, "rerun")
    assert estimate.high == pytest.approx(12.7062, abs=1e-4)
