"""Effect sizes favour the first arm when large, whatever the direction of the metric."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.effect_size import improvement_probability, in_run_deviations
from reports.statistics.rerun import SeedBlock, rerun_sum

FIRST = np.array([[0.80, 0.90], [0.82, 0.92]])
SECOND = np.array([[0.90, 1.01], [0.92, 1.01]])


def test_difference_in_run_deviations_by_hand() -> None:
    difference = rerun_sum([SeedBlock(FIRST - SECOND)])
    assert difference is not None
    effect = in_run_deviations(difference, FIRST, SECOND, higher_is_better=False)
    # Squares about cell means: 3 cells x 2 x 0.01^2 on 4 degrees.
    deviation = np.sqrt(6e-4 / 4)
    assert effect is not None
    assert effect.run_deviation == pytest.approx(deviation)
    assert effect.value == pytest.approx(0.1 / deviation)
    assert effect.low is not None
    assert effect.low < effect.value


def test_direction_follows_the_metric() -> None:
    difference = rerun_sum([SeedBlock(FIRST - SECOND)])
    assert difference is not None
    lower = in_run_deviations(difference, FIRST, SECOND, higher_is_better=False)
    higher = in_run_deviations(difference, FIRST, SECOND, higher_is_better=True)
    assert lower is not None
    assert higher is not None
    assert lower.value == -higher.value > 0


def test_runs_that_do_not_vary_have_no_such_unit() -> None:
    difference = rerun_sum([SeedBlock(np.full((2, 2), 0.1))])
    assert difference is not None
    assert in_run_deviations(difference, np.ones((2, 2)), np.ones((2, 2)), higher_is_better=True) is None


def test_probability_of_improvement_counts_wins_and_half_ties() -> None:
    chance = improvement_probability(np.array([[-1.0, -2.0], [0.0, 3.0], [-1.0, np.nan]]), higher_is_better=False)
    assert chance is not None
    assert (chance.value, chance.n) == (3.5 / 5, 5)


def test_interval_is_exact_binomial_and_never_degenerate() -> None:
    expected = stats.binomtest(9, 12).proportion_ci(0.95, method="exact")
    differences = np.array([1.0] * 9 + [-1.0] * 3).reshape(4, 3)
    chance = improvement_probability(differences, higher_is_better=True)
    assert chance is not None
    assert (chance.low, chance.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    always = improvement_probability(np.ones((3, 1)), higher_is_better=True)
    assert always is not None
    # Three wins of three: the lower end is 0.025^(1/3), far from certainty.
    assert (always.low, always.high) == (pytest.approx(0.025 ** (1 / 3)), 1.0)
    assert improvement_probability(np.full((2, 2), np.nan), higher_is_better=True) is None
