"""The *new data* question on one official split: delete-one-group jackknife over the groups (videos) of the test part.

Source: Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 11; Wolter 2007, *Introduction to
Variance Estimation*, chapter 4 (the delete-a-group form). The score is computed again without each test group in turn,
and ``(G - 1) / G * sum_g (score_without_g - mean)^2`` estimates its variance over draws of test groups; t with
``G - 1`` degrees of freedom. In words: an interval for what *these trained models* would score on other groups. The
training set is held fixed, so it is silent on how another training set would change the models; the report says so.

Legend: ``n`` items, ``G`` groups, ``k`` additive statistics of a score.
"""

from __future__ import annotations

import numpy as np

from reports.statistics.additive_score import AdditiveScore
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.estimate import Estimate, t_estimate, undefined

METHOD = "jackknife over test groups"


def deleted_scores(
    labels: FloatArray, values: FloatArray, group_of: IntArray, num_groups: int, score: AdditiveScore
) -> tuple[FloatArray, FloatArray]:
    """The scores of all items, and the scores without each group.

    Args:
        labels: (n,) or (n, K).
        values: (..., n) or (..., n, K) predictions, the leading dimensions being runs.
        group_of: (n,) index of the group of each item, in ``0 .. num_groups - 1``.
        num_groups: G.
        score: the additive form of the metric.

    Returns:
        (...) the scores of all items, and (..., G) those without each group.
    """
    items = score.contributions(labels, values)
    is_member = np.arange(num_groups)[:, None] == group_of
    sums = is_member.astype(np.float64) @ items  # (..., G, k)
    total = sums.sum(axis=-2, keepdims=True)
    whole, deleted = score.from_sums(total[..., 0, :]), score.from_sums(total - sums)
    return np.asarray(whole, dtype=np.float64), np.asarray(deleted, dtype=np.float64)


def jackknife_estimate(value: float, deleted: FloatArray, rounding: float = 0.0) -> Estimate:
    """The interval of ``value`` from its replicates, one without each group.

    Value and replicates may be differences of two arms, or means over seeds: both are formed before, group by group.

    Args:
        value: of all groups.
        deleted: (G,) without each.
        rounding: variance of ``value`` by the grain of its score. Two models that name the same classes on few items
            differ by exactly 0 in every replicate, and are not known to be one model.
    """
    num_groups = deleted.size
    if num_groups < 2:
        return undefined(value, num_groups, "new data", "one test group: spread between groups unknown")
    if not np.isfinite(deleted).all():
        return undefined(value, num_groups, "new data", "the metric is undefined without one of the test groups")
    squares = float(((deleted - deleted.mean()) ** 2).sum())
    std_error = float(np.sqrt((num_groups - 1) / num_groups * squares + rounding))
    return t_estimate(
        value=value, std_error=std_error, df=num_groups - 1, n=num_groups, question="new data", method=METHOD
    )
