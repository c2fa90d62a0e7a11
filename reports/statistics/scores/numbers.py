"""Metrics of numbers on a scale, as functions of sums over items.

The definitions are those of the field (Acc-7: clip to [-3, 3], round half to even; ``non0``: zero labels dropped,
positive against negative; ``has0``: non-negative against negative; ``sims``: positive against the rest; F1 weighted by
the supports in the labels), for labels and predictions less the neutral point, predictions clipped where the scale has
it so (:meth:`reports.records.run_record.Predictions.centred`). A definition may still be
another one on a scale of its own: the caller compares the result with the recorded metric first.

Legend: ``n`` items, ``k`` additive statistics; labels are (n,), predictions (..., n), sums (..., k) and scores (...).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from reports.statistics.additive_score import AdditiveScore, columns, ratio
from reports.statistics.arrays import FloatArray
from reports.statistics.scores.two_way import accuracy, counts_of, weighted_f1

_GRID = 6
"""Decimals that decide on which side of a cut of CH-SIMS a value lies: a float32 of 0.1 is a little above 0.1."""


def _absolute_error(labels: FloatArray, values: FloatArray) -> FloatArray:
    return columns(np.abs(values - labels), np.ones_like(labels))


def _moments(labels: FloatArray, values: FloatArray) -> FloatArray:
    # Centring changes no correlation and keeps the sums of squares free of cancellation.
    x, y = labels - labels.mean(), values - values.mean(axis=-1, keepdims=True)
    return columns(np.ones_like(x), x, y, x * x, y * y, x * y)


def _correlation(sums: FloatArray) -> FloatArray:
    """Pearson's r; 0 where a side is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (xx - x * x / n) * (yy - y * y / n)
        r = (xy - x * y / n) / np.sqrt(spread)
    return np.where(n > 0, np.where(spread > 1e-18, r, 0.0), np.nan)


def _rounded_agreement(limit: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    def contributions(labels: FloatArray, values: FloatArray) -> FloatArray:
        agree = np.rint(np.clip(labels, -limit, limit)) == np.rint(np.clip(values, -limit, limit))
        return columns(agree, np.ones_like(labels))

    return contributions


def _cut_agreement(*cuts: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """CH-SIMS: equal classes between cuts, each of which belongs to the class below it."""

    def contributions(labels: FloatArray, values: FloatArray) -> FloatArray:
        actual, predicted = (np.digitize(np.round(side, _GRID), cuts, right=True) for side in (labels, values))
        return columns(actual == predicted, np.ones_like(labels))

    return contributions


def _confusion(
    zeros_are: Literal["left out", "positive", "negative"],
) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """Counts of (true positive, false positive, false negative, true negative)."""

    def contributions(labels: FloatArray, values: FloatArray) -> FloatArray:
        kept = np.ones_like(labels, dtype=bool)
        if zeros_are == "positive":
            actual, predicted = labels >= 0, values >= 0
        elif zeros_are == "negative":
            actual, predicted = np.round(labels, _GRID) > 0, np.round(values, _GRID) > 0
        else:
            kept, actual, predicted = labels != 0, labels > 0, values > 0
        return np.asarray(counts_of(actual, predicted) * kept[..., None])

    return contributions


def _all(labels: FloatArray) -> int:
    return labels.size


def _not_zero(labels: FloatArray) -> int:
    return int(np.count_nonzero(labels))


NUMBER_SCORES: Mapping[str, AdditiveScore] = MappingProxyType(
    {
        "mae": AdditiveScore(_absolute_error, ratio),
        "corr": AdditiveScore(_moments, _correlation),
        "acc7": AdditiveScore(_rounded_agreement(3.0), ratio, _all),
        "acc5": AdditiveScore(_rounded_agreement(2.0), ratio, _all),
        "acc2_non0": AdditiveScore(_confusion("left out"), accuracy, _not_zero),
        "f1_non0": AdditiveScore(_confusion("left out"), weighted_f1, _not_zero),
        "acc2_has0": AdditiveScore(_confusion("positive"), accuracy, _all),
        "f1_has0": AdditiveScore(_confusion("positive"), weighted_f1, _all),
        "acc5_sims": AdditiveScore(_cut_agreement(-0.7, -0.1, 0.1, 0.7), ratio, _all),
        "acc3_sims": AdditiveScore(_cut_agreement(-0.1, 0.1), ratio, _all),
        "acc2_sims": AdditiveScore(_confusion("negative"), accuracy, _all),
        "f1_sims": AdditiveScore(_confusion("negative"), weighted_f1, _all),
    }
)
"""Metric name -> its additive form."""
