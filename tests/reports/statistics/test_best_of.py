"""The best of k trials: by hand, unbiased, and bounded whatever the distribution."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from reports.statistics.best_of import expected_best, typical_best, typical_best_band

INF = float("inf")


def upto(n: int) -> np.ndarray:
    return np.arange(1, n + 1)


def test_expected_best_by_hand() -> None:
    # Of 1, 2, 4: single trials average 7 / 3, pairs are best at 1, 1, 2, all three at 1.
    np.testing.assert_allclose(expected_best(np.array([4.0, 1.0, 2.0]), upto(3)), [7 / 3, 4 / 3, 1.0])


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
def test_both_are_over_all_ways_to_pick_k(k: int) -> None:
    losses = np.random.default_rng(0).normal(size=7)
    best = [min(picked) for picked in itertools.combinations(losses, k)]
    assert expected_best(losses, np.array([k]))[0] == pytest.approx(np.mean(best))
    assert typical_best(losses, np.array([k]))[0] == pytest.approx(np.quantile(best, 0.5, method="inverted_cdf"))


def test_failed_trials_are_infinitely_bad() -> None:
    np.testing.assert_allclose(expected_best(np.array([1.0, INF, 2.0, INF]), upto(4)), [INF, INF, 5 / 4, 1.0])
    np.testing.assert_array_equal(typical_best(np.array([1.0, INF, 2.0, INF]), upto(4)), [2.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(expected_best(np.array([INF]), upto(1)), [INF])


def test_expected_best_is_unbiased_where_putting_back_is_not() -> None:
    random = np.random.default_rng(1)
    draws = random.random((4000, 6))
    # The best of 3 of 3 uniforms is 1 / 4.
    ours = np.array([expected_best(row, np.array([3]))[0] for row in draws])
    put_back = np.array(
        [((np.arange(6, 0, -1) / 6) ** 3 - (np.arange(5, -1, -1) / 6) ** 3) @ np.sort(r) for r in draws]
    )
    error = ours.std() / np.sqrt(ours.size)
    assert abs(ours.mean() - 1 / 4) < 4 * error
    assert put_back.mean() - 1 / 4 > 4 * error


@pytest.mark.parametrize("draw", [lambda r, n: r.exponential(size=n), lambda r, n: r.integers(0, 4, n).astype(float)])
def test_the_band_holds_the_true_median_for_all_k_at_once(draw) -> None:
    random, n, held = np.random.default_rng(2), 20, 0
    sample = np.sort(draw(np.random.default_rng(3), 400_000))
    shares = 1 - 2.0 ** (-1 / np.arange(1, n + 1))
    truth = sample[np.ceil(shares * sample.size).astype(int) - 1]
    for _ in range(400):
        low, high = typical_best_band(draw(random, n), upto(n), 0.95)
        held += bool(((low <= truth) & (truth <= high)).all())
    assert held >= 380 - 13


def test_what_too_few_trials_cannot_exclude_is_left_open() -> None:
    losses = np.arange(1.0, 13.0)
    low, high = typical_best_band(losses, upto(12), 0.95)
    assert low[-1] == -INF, "a better region of a few per cent may have been missed by all twelve"
    assert np.isfinite(high).all()
    assert (np.diff(high) <= 0).all()
    few_low, few_high = typical_best_band(np.array([1.0, 2.0]), upto(2), 0.95)
    assert (few_low[0], few_high[0]) == (-INF, INF)
