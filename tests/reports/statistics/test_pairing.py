"""What matching by seed achieved: the correlation within folds, and the standard errors with and without it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.pairing import measure_pairing


def test_one_cell_is_pearsons_correlation() -> None:
    first, second = np.array([[1.0], [2.0], [4.0], [3.0], [7.0]]), np.array([[1.5], [1.0], [3.0], [4.0], [5.0]])
    pairing = measure_pairing(first, second)
    expected = stats.pearsonr(first[:, 0], second[:, 0])
    interval = expected.confidence_interval()
    assert pairing is not None
    assert pairing.correlation == pytest.approx(expected.statistic)
    # Fisher's z has n - 3 where n - 1 are the degrees of freedom.
    assert (pairing.low, pairing.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert pairing.paired_error == pytest.approx((first - second).std(ddof=1) / np.sqrt(5))
    assert pairing.n == 5


def test_differences_between_folds_are_no_merit_of_the_seeds() -> None:
    random = np.random.default_rng(2)
    folds = np.array([0.0, 5.0, 10.0, 15.0])
    first, second = (folds + random.standard_normal((50, 4)) for _ in range(2))
    pairing = measure_pairing(first, second)
    assert pairing is not None
    assert abs(pairing.correlation) < 0.2
    assert pairing.worth == pytest.approx(1.0, abs=0.3)


def test_a_shared_part_makes_pairs_worth_more_runs() -> None:
    random = np.random.default_rng(3)
    shared = random.standard_normal((200, 5))
    first, second = (np.sqrt(0.8) * shared + np.sqrt(0.2) * random.standard_normal((200, 5)) for _ in range(2))
    pairing = measure_pairing(first, second)
    assert pairing is not None
    assert pairing.correlation == pytest.approx(0.8, abs=0.05)
    # The variance of a paired difference is 1 - r of the unpaired one.
    assert pairing.worth == pytest.approx(5.0, rel=0.2)


@pytest.mark.parametrize("values", [np.ones((3, 2)), np.array([[1.0, 2.0]]), np.full((3, 2), np.nan)])
def test_nothing_to_correlate_is_none(values: np.ndarray) -> None:
    assert measure_pairing(values, np.random.default_rng(0).standard_normal(values.shape)) is None


def test_an_arm_that_never_varies_has_no_correlation_whatever_rounding_leaves() -> None:
    constant = np.full((5, 3), 0.1) + np.array([0.0, 1e-17, -1e-17, 0.0, 1e-16])[:, None]
    assert measure_pairing(constant, np.random.default_rng(0).standard_normal((5, 3))) is None
