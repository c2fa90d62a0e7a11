"""Scores of one yes-or-no question from its four counts: true positive, false positive, false negative, true negative.

Definitions are scikit-learn's. Legend: sums are (..., 4) in that order, scores (...).
"""

from __future__ import annotations

import numpy as np

from reports.statistics.additive_score import columns, ratio
from reports.statistics.arrays import BoolArray, FloatArray


def counts_of(actual: BoolArray, predicted: BoolArray) -> FloatArray:
    """What each item adds to the four counts, which are the last dimension. Both sides broadcast."""
    return columns(actual & predicted, ~actual & predicted, actual & ~predicted, ~actual & ~predicted)


def accuracy(sums: FloatArray) -> FloatArray:
    """The share of right answers."""
    return ratio(np.stack([sums[..., 0] + sums[..., 3], sums.sum(axis=-1)], axis=-1))


def weighted_f1(sums: FloatArray) -> FloatArray:
    """F1 of both answers, weighted by how often each is the right one."""
    tp, fp, fn, tn = np.moveaxis(sums, -1, 0)

    def f1(hits: FloatArray) -> FloatArray:
        whole = 2 * hits + fp + fn
        return np.asarray(2 * hits / np.where(whole > 0, whole, 1.0))

    weighted = (tp + fn) * f1(tp) + (tn + fp) * f1(tn)
    return ratio(np.stack([weighted, sums.sum(axis=-1)], axis=-1))


def balanced_accuracy(sums: FloatArray) -> FloatArray:
    """The mean recall of the answers that are right at least once."""
    tp, fp, fn, tn = np.moveaxis(sums, -1, 0)
    hits, actual = np.stack([tp, tn], axis=-1), np.stack([tp + fn, tn + fp], axis=-1)
    recalls = hits / np.where(actual > 0, actual, 1.0)
    return ratio(np.stack([recalls.sum(axis=-1), (actual > 0).sum(axis=-1)], axis=-1))
