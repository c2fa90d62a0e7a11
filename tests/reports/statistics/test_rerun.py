"""The rerun interval means what it says: hand-computed, equal to scipy's where they overlap, and covering."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.rerun import SeedBlock, rerun_sum, run_deviation


def rerun_mean(values: FloatArray) -> Estimate | None:
    return rerun_sum([SeedBlock(values)])


def rerun_difference_unpaired(first: FloatArray, second: FloatArray) -> Estimate | None:
    return rerun_sum([SeedBlock(first), SeedBlock(-second)])


def test_pooled_interval_by_hand() -> None:
    # Cells (1, 3) and (2, 6): means 2 and 4, squares 2 + 8 = 10 on 2 degrees, variance 5, SE = sqrt(5 (1/2 + 1/2)) / 2.
    estimate = rerun_mean(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert estimate is not None
    assert (estimate.value, estimate.n, estimate.df) == (3.0, 4, 2)
    assert estimate.half_width == pytest.approx(4.302653 * np.sqrt(5) / 2, rel=1e-6)
    assert estimate.question == "rerun"


def test_one_cell_is_the_t_interval_of_scipy() -> None:
    values = np.array([[0.91], [0.93], [0.90], [0.97]])
    estimate = rerun_mean(values)
    expected = stats.ttest_1samp(values[:, 0], 0.0)
    interval = expected.confidence_interval(0.95)
    assert estimate is not None
    assert (estimate.low, estimate.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert estimate.p_value == pytest.approx(expected.pvalue)


def test_unpaired_difference_in_one_cell_is_the_two_sample_t_of_scipy() -> None:
    first, second = np.array([[1.0], [2.0], [4.0], [np.nan]]), np.array([[np.nan], [3.0], [5.0], [8.0]])
    estimate = rerun_difference_unpaired(first, second)
    expected = stats.ttest_ind([1.0, 2.0, 4.0], [3.0, 5.0, 8.0])
    interval = expected.confidence_interval(0.95)
    assert estimate is not None
    assert estimate.p_value == pytest.approx(expected.pvalue)
    assert (estimate.low, estimate.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_cells_weigh_equally_however_many_runs_they_have() -> None:
    # Three runs at 1 and one run at 3: the mean over cells is 2, over runs it would be 1.5.
    estimate = rerun_mean(np.array([[1.0, 3.0], [1.1, np.nan], [0.9, np.nan]]))
    assert estimate is not None
    assert estimate.value == pytest.approx(2.0)
    assert (estimate.n, estimate.df) == (4, 2)
    # Variance 0.02 / 2, SE = sqrt(0.01 (1/3 + 1)) / 2.
    assert estimate.half_width == pytest.approx(4.302653 * np.sqrt(0.01 * 4 / 3) / 2, rel=1e-6)


def test_one_seed_has_no_interval_and_says_so() -> None:
    estimate = rerun_mean(np.array([[1.0, 2.0, 3.0]]))
    assert estimate is not None
    assert (estimate.low, estimate.high, estimate.df, estimate.p_value) == (None, None, None, None)
    assert "one run per fold" in estimate.note


def test_no_run_is_no_estimate() -> None:
    nothing = np.full((3, 2), np.nan)
    assert rerun_mean(nothing) is None
    assert rerun_difference_unpaired(nothing, np.ones((3, 2))) is None
    assert run_deviation(nothing) is None


@pytest.mark.parametrize(("value", "p_value"), [(0.0, 1.0), (0.25, 0.0)])
def test_runs_that_do_not_vary_have_an_interval_of_width_zero(value: float, p_value: float) -> None:
    estimate = rerun_mean(np.full((3, 4), value))
    assert estimate is not None
    assert (estimate.low, estimate.high, estimate.p_value) == (value, value, p_value)


def test_interval_covers_the_mean_of_infinitely_many_seeds() -> None:
    random = np.random.default_rng(20240501)
    cell_means = np.array([0.8, 1.0, 1.3])
    num_studies, covered = 2000, 0
    for _ in range(num_studies):
        estimate = rerun_mean(cell_means + 0.05 * random.standard_normal((3, 3)))
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= cell_means.mean() <= estimate.high
    standard_error = np.sqrt(0.95 * 0.05 / num_studies)
    assert abs(covered / num_studies - 0.95) < 3 * standard_error


def test_weights_of_blocks_by_hand() -> None:
    # Twice (1, 3) minus (2, 6), no seed in common: 4 - 4 = 0. Squares 8 / 4 + 8 = 10 on 2 degrees, variance of a run 5,
    # SE = sqrt(5 (4 / 2 + 1 / 2)).
    estimate = rerun_sum([SeedBlock(2 * np.array([[1.0], [3.0]]), 2.0), SeedBlock(-np.array([[2.0], [6.0]]), 1.0)])
    assert estimate is not None
    assert (estimate.value, estimate.n, estimate.df) == (0.0, 4, 2)
    assert estimate.half_width == pytest.approx(4.302653 * np.sqrt(12.5), rel=1e-6)


def test_a_single_block_does_not_depend_on_its_weight() -> None:
    values = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert rerun_sum([SeedBlock(values, 7.0)]) == rerun_sum([SeedBlock(values, 1.0)])


def test_run_deviation_pools_arms_within_cells() -> None:
    # Squares about cell means: 2 + 8 and 0.5; degrees 2 and 1.
    first, second = np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[1.0, 5.0], [2.0, np.nan]])
    assert run_deviation(first, second) == pytest.approx(np.sqrt(10.5 / 3))
