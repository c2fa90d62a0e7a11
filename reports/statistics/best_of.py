"""What the best of ``k`` independent trials is worth, from ``n`` trials of a search: the tuning curve.

*Expected best* is Dodge et al. 2019, *Show Your Work: Improved Reporting of Experimental Results*, as the average over
all ways to pick ``k`` of the ``n`` trials without putting any back: Tang et al. 2020, *Showing Your Work Doesn't Always
Work*, found that the original, which puts them back, is biased and that its bootstrap intervals fail. *Typical best* is
the median instead, for which Lourie et al. 2023 give a band that holds whatever the distribution, for all ``k`` at
once. Near ``k = n`` both rest on the one or two best trials; the band says so.

Legend: ``n`` trials, ``K`` budgets ``k`` between 1 and n; lower is better; a failed trial is worth ``inf``.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.cdf_band import rank_band


def expected_best(losses: FloatArray, budgets: IntArray) -> FloatArray:
    """(K,) the mean of the best of k; ``inf`` where all k of them may have failed. Unbiased."""
    ordered = np.sort(losses)
    return np.array([_weighted_sum(_weights_of_best(ordered.size, k), ordered) for k in budgets.tolist()])


def _weighted_sum(weights: FloatArray, values: FloatArray) -> float:
    # A weight of zero silences what is infinite.
    used = weights > 0
    return float(weights[used] @ values[used])


def typical_best(losses: FloatArray, budgets: IntArray) -> FloatArray:
    """(K,) the median of the best of k: the smallest loss that at least half of all picks of k reach."""
    ordered = np.sort(losses)
    reached = [np.cumsum(_weights_of_best(ordered.size, k)) >= 0.5 - 1e-12 for k in budgets.tolist()]
    return np.asarray(ordered[[int(np.argmax(half)) for half in reached]])


def _weights_of_best(n: int, k: int) -> FloatArray:
    """(n,) the probability that the i-th smallest of n is the best of k picked at random."""
    worse = np.arange(n - 1, -1, -1)
    log_ways = _log_choose(worse, k - 1) - _log_choose(np.array(n), k)
    return np.where(worse >= k - 1, np.exp(log_ways), 0.0)


def _log_choose(n: IntArray, k: int) -> FloatArray:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(np.maximum(n - k, 0) + 1))


def typical_best_band(losses: FloatArray, budgets: IntArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Limits for the true median of the best of k, simultaneous over k.

    The median of the best of k is the ``1 - 2 ** (-1 / k)`` quantile of a single trial. It is at least every loss whose
    share of better trials is surely smaller, and at most every loss whose share is surely larger. A lower limit is open
    where the trials cannot exclude that a better region exists which they missed.

    Args:
        losses: (n,) of the trials; ``inf`` for a failed one.
        budgets: (K,) the numbers k, between 1 and n.
        confidence: of the whole band, between 0 and 1.

    Returns:
        Lower and upper limits, (K,) each; ``-inf`` and ``inf`` where open.
    """
    ordered = np.sort(losses)
    share_low, share_high = rank_band(ordered.size, confidence)
    quantiles = 1 - 2.0 ** (-1 / budgets)
    below = np.searchsorted(share_high, quantiles, side="left")
    above = np.searchsorted(share_low, quantiles, side="left")
    return np.concatenate([[-np.inf], ordered])[below], np.concatenate([ordered, [np.inf]])[above]
