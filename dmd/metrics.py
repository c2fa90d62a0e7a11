"""Metrics of multimodal sentiment regression, exactly as DMD and MMSA define them.

Accuracies and F1 are fractions in 0..1; mean absolute error is in units of the label. Everything is computed on
p = predictions and y = labels less the neutral point, so no metric depends on where a scale has its zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dmd.data.samples import LabelScale

Values = npt.NDArray[np.float64]
Classes = npt.NDArray[np.bool_]

METRIC_NAMES: tuple[str, ...] = ("mae", "corr", "acc7", "acc5", "acc2_non0", "f1_non0", "acc2_has0", "f1_has0")

TWO_CLASS = frozenset({"acc2_non0", "f1_non0", "acc2_has0", "f1_has0"})
"""The metrics that tell negative from positive."""

HIGHER_IS_BETTER: Mapping[str, bool] = MappingProxyType({name: name != "mae" for name in METRIC_NAMES})


def metric_names(scale: LabelScale) -> tuple[str, ...]:
    """The metrics that make sense on ``scale``, in display order.

    Acc-7 and Acc-5 are defined for labels up to 3 to either side of the neutral point only. The two-class metrics want
    a neutral point strictly inside the range, or one of the classes could not occur.
    """
    names = ["mae", "corr"]
    if (scale.low, scale.high) == (scale.neutral - 3.0, scale.neutral + 3.0):
        names += ["acc7", "acc5"]
    if scale.low < scale.neutral < scale.high:
        names += ["acc2_non0", "f1_non0", "acc2_has0", "f1_has0"]
    return tuple(names)


def compute_metrics(
    predictions: npt.NDArray[np.floating], labels: npt.NDArray[np.floating], scale: LabelScale
) -> dict[str, float]:
    """All metrics of ``metric_names(scale)`` for predictions (n,) and labels (n,).

    ``non0`` drops samples whose label is exactly neutral; ``has0`` keeps all and counts neutral as positive. Where no
    sample is left (every label neutral), the non0 pair is NaN: undefined, not zero.
    Raises ValueError if the shapes differ or are empty.
    """
    if predictions.shape != labels.shape or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"predictions {predictions.shape} and labels {labels.shape} must be equal, (n,) with n > 0")
    p, y = predictions.astype(np.float64) - scale.neutral, labels.astype(np.float64) - scale.neutral
    away = y != 0.0
    values = {
        "mae": float(np.mean(np.abs(p - y))),
        "corr": pearson(p, y),
        "acc7": class_accuracy(p, y, 3.0),
        "acc5": class_accuracy(p, y, 2.0),
        "acc2_non0": accuracy(p[away] > 0.0, y[away] > 0.0),
        "f1_non0": weighted_f1(p[away] > 0.0, y[away] > 0.0),
        "acc2_has0": accuracy(p >= 0.0, y >= 0.0),
        "f1_has0": weighted_f1(p >= 0.0, y >= 0.0),
    }
    return {name: values[name] for name in metric_names(scale)}


def pearson(p: Values, y: Values) -> float:
    """Pearson's r; 0.0 by rule where a side is constant (r is undefined there, and such a predictor ranks nothing)."""
    if np.ptp(p) == 0.0 or np.ptp(y) == 0.0:
        return 0.0
    p, y = p - p.mean(), y - y.mean()
    scale = np.sqrt(np.sum(p * p)) * np.sqrt(np.sum(y * y))
    return float(np.clip(np.sum(p * y) / scale, -1.0, 1.0)) if scale > 0.0 else 0.0


def class_accuracy(p: Values, y: Values, limit: float) -> float:
    """Acc-7 (``limit`` 3) and Acc-5 (``limit`` 2): clip both sides, round half to even, compare."""
    return float(np.mean(np.round(np.clip(p, -limit, limit)) == np.round(np.clip(y, -limit, limit))))


def accuracy(p: Classes, y: Classes) -> float:
    """The fraction of equal classes; NaN for no samples."""
    return float(np.mean(p == y)) if len(y) else float("nan")


def weighted_f1(p: Classes, y: Classes) -> float:
    """F1 of both classes, weighted by how often each occurs in the labels (not in the predictions); NaN for no samples.

    A class that neither side contains has weight zero; one that is never hit has F1 zero.
    """
    if not len(y):
        return float("nan")
    total = 0.0
    for positive in (False, True):
        hits = np.count_nonzero((p == positive) & (y == positive))
        named = np.count_nonzero(p == positive) + np.count_nonzero(y == positive)
        total += np.count_nonzero(y == positive) * (2.0 * hits / named if named else 0.0)
    return float(total / len(y))
