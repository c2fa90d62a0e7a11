"""A distribution-free confidence band for a cumulative distribution, as narrow in the tails as in the middle.

Whatever continuous ``F`` the values were drawn from independently, ``F(x_(i))`` of the i-th smallest is distributed as
the i-th smallest of ``n`` uniform numbers, a Beta(i, n - i + 1). The band gives each of them the same pointwise level,
chosen so that all hold together with the wanted confidence: Aldor-Noiman et al. 2013, *The Power to See: A New
Graphical Test of Normality*; for tuning curves Lourie, Cho and He 2023, *Show Your Work with Confidence*. The
Dvoretzky-Kiefer-Wolfowitz band has one width everywhere and says almost nothing about the best few trials, which is
where tuning happens. For a distribution with ties the band holds more often.

The level is exact (up to rounding), by the probability that a Poisson process, given its total, stays between two
boundaries (Khmaladze and Shinjikashvili 2001, *Calculation of Noncrossing Probabilities for Poisson Processes*).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.distributions import beta_quantile, beta_upper_quantile, poisson_mass

MOST_RANKS = 200
"""With more values only so many ranks are bounded, denser towards the smallest; those between follow from these."""


@lru_cache(maxsize=256)
def rank_band(num_values: int, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Limits ``low``, ``high`` (n,): ``low[i - 1] <= F(x_(i)) <= high[i - 1]`` for all i with the given confidence."""
    n = num_values
    ranks = np.arange(1, n + 1)
    if n > MOST_RANKS:
        ranks = np.unique(np.rint(np.geomspace(1, n, MOST_RANKS)).astype(np.int64))

    def limits(level: float) -> tuple[FloatArray, FloatArray]:
        tail = level / 2
        return beta_quantile(tail, ranks, n - ranks + 1), beta_upper_quantile(tail, ranks, n - ranks + 1)

    def excess(log_level: float) -> float:
        return staying_probability(n, ranks, *limits(float(np.exp(log_level)))) - confidence

    # All hold together at least where the pointwise errors add up to the allowed one, and at most where each has it.
    lowest, highest = np.log((1 - confidence) / (2 * ranks.size)), np.log(1 - confidence)
    level = 1 - confidence if n == 1 else float(np.exp(_crossing(excess, float(lowest), float(highest))))
    low, high = np.zeros(n), np.ones(n)
    low[ranks - 1], high[ranks - 1] = limits(level)
    return np.maximum.accumulate(low), np.minimum.accumulate(high[::-1])[::-1]


def _crossing(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-6) -> float:
    """Where a function that is positive at ``low`` and negative at ``high`` crosses zero.

    False position, in the form (Illinois) that halves the value at an end which stays: Dowell and Jarratt 1971, *A
    Modified Regula Falsi Method*. ``scipy.optimize`` has better ones, and takes longer to import than most bands.
    """
    at_low, at_high = function(low), function(high)
    side = 0
    while high - low > tolerance and at_low != at_high:
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        value = function(middle)
        if value > 0:
            low, at_low = middle, value
            at_high = at_high / 2 if side > 0 else at_high
        else:
            high, at_high = middle, value
            at_low = at_low / 2 if side < 0 else at_low
        side = 1 if value > 0 else -1
    return low if at_low == 0 else (low + high) / 2


def staying_probability(num_values: int, ranks: IntArray, low: FloatArray, high: FloatArray) -> float:
    """The probability that ``low[j] <= U_(ranks[j]) <= high[j]`` for all j, ``U`` the sorted ``num_values`` uniforms.

    The points up to each limit are counted in turn: at most ``rank - 1`` before a lower limit, at least ``rank`` at an
    upper one.

    Args:
        num_values: uniform numbers drawn.
        ranks: (R,) the bounded ranks, from 1, rising.
        low, high: (R,) limits in 0 to 1; neither may fall.
    """
    times = np.concatenate([low, high, [1.0]])
    # Before low[j] fewer than ranks[j] points; from low[j] on the next rank binds.
    order = np.argsort(times, kind="stable")
    fewest, most = 0, int(ranks[0]) - 1
    now, first = 0.0, 0
    weights = np.ones(1)
    for place in order.tolist():
        time = float(times[place])
        if time > now:
            steps = np.arange(most - first + 1)
            grown = np.convolve(weights, poisson_mass(steps, num_values * (time - now)))[: most - first + 1]
            weights, now = grown, time
        if place < ranks.size:
            most = int(ranks[place + 1]) - 1 if place + 1 < ranks.size else num_values
        elif place < 2 * ranks.size:
            fewest = max(fewest, int(ranks[place - ranks.size]))
            weights, first = weights[fewest - first :], fewest
        if weights.size == 0:
            return 0.0
    total = weights[num_values - first] if num_values - first < weights.size else 0.0
    return float(total / poisson_mass(num_values, num_values))
