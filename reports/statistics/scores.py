"""Test metrics as functions of sums over items, so that a score without any one group costs one subtraction.

The definitions are those of the field (Acc-7: clip to [-3, 3], round half to even; ``non0``: zero labels dropped,
positive against negative; ``has0``: non-negative against negative; ``sims``: positive against the rest; F1 weighted by
the supports in the labels), for labels and predictions less the neutral point, predictions clipped where the scale has
it so (:meth:`reports.records.record.Predictions.centred`). A definition may still be
another one on a scale of its own: the caller compares the result with the recorded metric first.

Legend: ``n`` items, ``k`` additive statistics; sums are (..., k) and scores (...). Predictions may have leading
dimensions (runs), which pass through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.statistics.arrays import FloatArray

_GRID = 6
"""Decimals that decide on which side of a cut of CH-SIMS a value lies: a float32 of 0.1 is a little above 0.1."""


@dataclass(frozen=True)
class AdditiveScore:
    """A score that is a function of sums over items.

    Attributes:
        contributions: labels (n,), predictions (..., n) -> (..., n, k), what each item adds to the sums.
        from_sums: (..., k) -> (...) the score; NaN where undefined.
        num_counted: labels (n,) -> how many items are counted as right or wrong: one that comes out otherwise changes
            the score by about one over that. None for a score that is no count.
    """

    contributions: Callable[[FloatArray, FloatArray], FloatArray]
    from_sums: Callable[[FloatArray], FloatArray]
    num_counted: Callable[[FloatArray], int] | None = None


def _columns(*columns: npt.NDArray[np.generic]) -> FloatArray:
    return np.stack(np.broadcast_arrays(*columns), axis=-1).astype(np.float64)


def _ratio(sums: FloatArray) -> FloatArray:
    """First sum over second sum."""
    return np.asarray(sums[..., 0] / np.where(sums[..., 1] > 0, sums[..., 1], np.nan))


def _absolute_error(labels: FloatArray, values: FloatArray) -> FloatArray:
    return _columns(np.abs(values - labels), np.ones_like(labels))


def _moments(labels: FloatArray, values: FloatArray) -> FloatArray:
    # Centring changes no correlation and keeps the sums of squares free of cancellation.
    x, y = labels - labels.mean(), values - values.mean(axis=-1, keepdims=True)
    return _columns(np.ones_like(x), x, y, x * x, y * y, x * y)


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
        return _columns(agree, np.ones_like(labels))

    return contributions


def _cut_agreement(*cuts: float) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """CH-SIMS: equal classes between cuts, each of which belongs to the class below it."""

    def contributions(labels: FloatArray, values: FloatArray) -> FloatArray:
        actual, predicted = (np.digitize(np.round(side, _GRID), cuts, right=True) for side in (labels, values))
        return _columns(actual == predicted, np.ones_like(labels))

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
        return _columns(
            kept & actual & predicted,
            kept & ~actual & predicted,
            kept & actual & ~predicted,
            kept & ~actual & ~predicted,
        )

    return contributions


def _accuracy(sums: FloatArray) -> FloatArray:
    return _ratio(np.stack([sums[..., 0] + sums[..., 3], sums.sum(axis=-1)], axis=-1))


def _weighted_f1(sums: FloatArray) -> FloatArray:
    tp, fp, fn, tn = np.moveaxis(sums, -1, 0)

    def f1(hits: FloatArray) -> FloatArray:
        whole = 2 * hits + fp + fn
        return np.asarray(2 * hits / np.where(whole > 0, whole, 1.0))

    weighted = (tp + fn) * f1(tp) + (tn + fp) * f1(tn)
    return _ratio(np.stack([weighted, sums.sum(axis=-1)], axis=-1))


def _all(labels: FloatArray) -> int:
    return labels.size


def _not_zero(labels: FloatArray) -> int:
    return int(np.count_nonzero(labels))


SCORES: Mapping[str, AdditiveScore] = MappingProxyType(
    {
        "mae": AdditiveScore(_absolute_error, _ratio),
        "corr": AdditiveScore(_moments, _correlation),
        "acc7": AdditiveScore(_rounded_agreement(3.0), _ratio, _all),
        "acc5": AdditiveScore(_rounded_agreement(2.0), _ratio, _all),
        "acc2_non0": AdditiveScore(_confusion("left out"), _accuracy, _not_zero),
        "f1_non0": AdditiveScore(_confusion("left out"), _weighted_f1, _not_zero),
        "acc2_has0": AdditiveScore(_confusion("positive"), _accuracy, _all),
        "f1_has0": AdditiveScore(_confusion("positive"), _weighted_f1, _all),
        "acc5_sims": AdditiveScore(_cut_agreement(-0.7, -0.1, 0.1, 0.7), _ratio, _all),
        "acc3_sims": AdditiveScore(_cut_agreement(-0.1, 0.1), _ratio, _all),
        "acc2_sims": AdditiveScore(_confusion("negative"), _accuracy, _all),
        "f1_sims": AdditiveScore(_confusion("negative"), _weighted_f1, _all),
    }
)
"""Metric name -> its additive form."""
