"""What chance alone gives: how often so many, and how far points spread that are drawn evenly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports.statistics.distributions import beta_quantile
from reports.statistics.estimate import CONFIDENCE


def at_least(number: int, trials: int, chance: float) -> float:
    """The probability of ``number`` or more successes in so many independent trials: the binomial distribution's tail.

    chance: of a success in one trial.
    """
    return math.fsum(math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(number, trials + 1))


@dataclass(frozen=True)
class ChanceSpan:
    """What draws span on average. low, high: what 95% of such averages lie between; None where they cannot differ."""

    mean: float
    low: float | None
    high: float | None


def mean_span(sizes: Sequence[int]) -> ChanceSpan:
    """The average span of several sets of points that are drawn evenly from 0 to 1.

    The span of k such points is a Beta(k - 1, 2) variable (David and Nagaraja 2003, *Order Statistics*, section 2.5).
    The average of several is taken for the Beta variable of the same mean and variance; of one set this is exact.

    sizes: points of each set.
    """
    means = [max(k - 1, 0) / (k + 1) for k in sizes]
    variances = [2 * max(k - 1, 0) / ((k + 1) ** 2 * (k + 2)) for k in sizes]
    mean, variance = math.fsum(means) / len(sizes), math.fsum(variances) / len(sizes) ** 2
    if variance == 0:
        return ChanceSpan(mean, None, None)
    weight = mean * (1 - mean) / variance - 1
    shape = mean * weight, (1 - mean) * weight
    low, high = (float(beta_quantile(p, *shape)) for p in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return ChanceSpan(mean, low, high)
