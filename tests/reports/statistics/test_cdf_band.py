"""A band that holds whatever the distribution, exactly as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from reports.statistics.cdf_band import MOST_RANKS, rank_band, staying_probability


def test_staying_probability_by_hand() -> None:
    # Two uniforms, the smaller in [0, .5], the larger in [.5, 1]: 2 * .5 * .5.
    ranks = np.array([1, 2])
    assert staying_probability(2, ranks, np.array([0.0, 0.5]), np.array([0.5, 1.0])) == pytest.approx(0.5)
    # Only the smaller of two at most .3: 1 - .7 ** 2.
    assert staying_probability(2, np.array([1]), np.array([0.0]), np.array([0.3])) == pytest.approx(0.51)
    # Both at least .4: .6 ** 2.
    assert staying_probability(2, np.array([1]), np.array([0.4]), np.array([1.0])) == pytest.approx(0.36)
    assert staying_probability(2, np.array([1]), np.array([0.0]), np.array([1.0])) == pytest.approx(1.0)


def test_one_value_is_bounded_by_the_two_tails() -> None:
    low, high = rank_band(1, 0.95)
    assert (low[0], high[0]) == pytest.approx((0.025, 0.975))


@pytest.mark.parametrize("n", [2, 12, 60, MOST_RANKS + 150])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_band_holds_as_often_as_it_says(n: int, confidence: float) -> None:
    low, high = rank_band(n, confidence)
    assert (np.diff(low) >= 0).all() and (np.diff(high) >= 0).all()
    uniform = np.sort(np.random.default_rng(n).random((4000, n)), axis=1)
    holds = ((uniform >= low) & (uniform <= high)).all(axis=1).mean()
    assert holds == pytest.approx(confidence, abs=4 * np.sqrt(confidence * (1 - confidence) / 4000))


def test_the_best_trials_are_bounded_more_closely_than_by_one_width_everywhere() -> None:
    _, high = rank_band(100, 0.95)
    dvoretzky_kiefer_wolfowitz = 1 / 100 + np.sqrt(np.log(2 / 0.05) / 200)
    assert high[0] < 0.6 * dvoretzky_kiefer_wolfowitz
