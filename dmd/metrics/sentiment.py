"""Metrics of multimodal sentiment regression, exactly as DMD and MMSA define them; which ones, the label scale says.

Accuracies and F1 are fractions in 0..1; mean absolute error is in units of the label. Everything is computed on
p = predictions and y = labels less the neutral point, so no metric depends on where a scale has its zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dmd.data.samples.samples import LabelScale

Values = npt.NDArray[np.float64]
Classes = npt.NDArray[np.bool_]

SIMS_REACH = 1.0
SIMS_THREE, SIMS_FIVE = (-0.1, 0.1), (-0.7, -0.1, 0.1, 0.7)
"""Where the classes of CH-SIMS are cut; a value at a cut belongs to the lower class."""

_GRID = 6
"""Decimals that decide on which side of a cut a value lies: a float32 of 0.1 is a little above 0.1."""

TWO_CLASS = frozenset({"acc2_non0", "f1_non0", "acc2_has0", "f1_has0", "acc2_sims", "f1_sims"})
"""The metrics that tell negative from positive."""


def metric_names(scale: LabelScale) -> tuple[str, ...]:
    """The metrics that make sense on ``scale``, in display order.

    CH-SIMS has metrics of its own. Elsewhere Acc-7 and Acc-5 are defined for labels up to 3 to either side of the
    neutral point only, and the two-class metrics want a neutral point strictly inside the range, or one of the classes
    could not occur.
    """
    names = ["mae", "corr"]
    if is_sims(scale):
        return (*names, "acc5_sims", "acc3_sims", "acc2_sims", "f1_sims")
    if _reaches(scale, 3.0):
        names += ["acc7", "acc5"]
    if scale.low < scale.neutral < scale.high:
        names += ["acc2_non0", "f1_non0", "acc2_has0", "f1_has0"]
    return tuple(names)


def is_sims(scale: LabelScale) -> bool:
    """Whether labels lie as in CH-SIMS: up to 1 to either side of the neutral point."""
    return _reaches(scale, SIMS_REACH)


def clip_limit(scale: LabelScale) -> float | None:
    """How far from the neutral point a prediction counts; None: as far as it is. MMSA clips those of CH-SIMS to +-1
    before it computes anything, the mean absolute error included."""
    return SIMS_REACH if is_sims(scale) else None


def _reaches(scale: LabelScale, reach: float) -> bool:
    return (scale.low, scale.high) == (scale.neutral - reach, scale.neutral + reach)


def compute_metrics(
    predictions: npt.NDArray[np.floating], labels: npt.NDArray[np.floating], scale: LabelScale
) -> dict[str, float]:
    """All metrics that make sense on the scale.

    Args:
        predictions: (n,), n > 0, in units of the label.
        labels: (n,).
        scale: of the labels.

    Returns:
        Metric -> value, for the names of ``metric_names(scale)``.

    Raises:
        ValueError: if the shapes differ or are empty.
    """
    if predictions.shape != labels.shape or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"predictions {predictions.shape} and labels {labels.shape} must be equal, (n,) with n > 0")
    p, y = predictions.astype(np.float64) - scale.neutral, labels.astype(np.float64) - scale.neutral
    limit = clip_limit(scale)
    if limit is not None:
        p = np.clip(p, -limit, limit)
    return {name: _METRICS[name](p, y) for name in metric_names(scale)}


def mean_absolute_error(p: Values, y: Values) -> float:
    """In units of the label."""
    return float(np.mean(np.abs(p - y)))


def pearson(p: Values, y: Values) -> float:
    """Pearson's r; 0.0 by rule where a side is constant (r is undefined there, and such a predictor ranks nothing)."""
    if np.ptp(p) == 0.0 or np.ptp(y) == 0.0:
        return 0.0
    p, y = p - p.mean(), y - y.mean()
    scale = np.sqrt(np.sum(p * p)) * np.sqrt(np.sum(y * y))
    return float(np.clip(np.sum(p * y) / scale, -1.0, 1.0)) if scale > 0.0 else 0.0


def class_accuracy(p: Values, y: Values, limit: float) -> float:
    """Acc-7 and Acc-5: clip both sides, round half to even, compare.

    Args:
        p: (n,) predictions less the neutral point.
        y: (n,) labels less the neutral point.
        limit: how far from the neutral point classes reach: 3 for Acc-7, 2 for Acc-5.
    """
    return float(np.mean(np.round(np.clip(p, -limit, limit)) == np.round(np.clip(y, -limit, limit))))


def cut_accuracy(p: Values, y: Values, cuts: tuple[float, ...]) -> float:
    """The rate of equal classes between cuts (CH-SIMS).

    Args:
        p: (n,) predictions less the neutral point.
        y: (n,) labels less the neutral point.
        cuts: ascending; each belongs to the class below it.
    """
    first, second = (np.digitize(np.round(side, _GRID), cuts, right=True) for side in (p, y))
    return float(np.mean(first == second))


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


def _away(measure: Callable[[Classes, Classes], float]) -> Callable[[Values, Values], float]:
    """``non0``: samples whose label is exactly neutral are dropped; NaN (undefined, not zero) where none is left."""
    return lambda p, y: measure(p[y != 0.0] > 0.0, y[y != 0.0] > 0.0)


def _all(measure: Callable[[Classes, Classes], float]) -> Callable[[Values, Values], float]:
    """``has0``: all samples, neutral counts as positive."""
    return lambda p, y: measure(p >= 0.0, y >= 0.0)


def _above(measure: Callable[[Classes, Classes], float]) -> Callable[[Values, Values], float]:
    """CH-SIMS: all samples, neutral counts as negative."""
    return lambda p, y: measure(np.round(p, _GRID) > 0.0, np.round(y, _GRID) > 0.0)


_METRICS: Mapping[str, Callable[[Values, Values], float]] = MappingProxyType(
    {
        "mae": mean_absolute_error,
        "corr": pearson,
        "acc7": lambda p, y: class_accuracy(p, y, 3.0),
        "acc5": lambda p, y: class_accuracy(p, y, 2.0),
        "acc2_non0": _away(accuracy),
        "f1_non0": _away(weighted_f1),
        "acc2_has0": _all(accuracy),
        "f1_has0": _all(weighted_f1),
        "acc5_sims": lambda p, y: cut_accuracy(p, y, SIMS_FIVE),
        "acc3_sims": lambda p, y: cut_accuracy(p, y, SIMS_THREE),
        "acc2_sims": _above(accuracy),
        "f1_sims": _above(weighted_f1),
    }
)

METRIC_NAMES: tuple[str, ...] = tuple(_METRICS)
