"""Metrics of one of several classes, as functions of sums over items.

All but the negative log-likelihood follow from three counts of every class: how often it was predicted and right, was
predicted, and was right. Definitions are scikit-learn's: macro F1 over the classes that occur in labels or predictions,
UAR (balanced accuracy) over those that occur in the labels, weighted F1 by the supports in the labels; a class that is
on neither side has F1 zero. The predicted class is the most probable one, the first of equals.

Legend: ``n`` items, ``K`` classes; labels are (n,) numbers of classes, predictions (..., n, K) probabilities, sums
(..., 3K) (hits, predicted, actual) and scores (...).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from reports.statistics.additive_score import AdditiveScore, columns, ratio
from reports.statistics.arrays import FloatArray, IntArray

SMALLEST_PROBABILITY = 1e-7
"""What a label's probability counts as at least: one item that was called impossible does not make a score infinite."""


def class_scores(names: Sequence[str]) -> dict[str, AdditiveScore]:
    """Metric -> its additive form, for classes of these names in the order of their numbers."""
    num_classes = len(names)
    counts = partial(_count, num_classes)

    def score(from_sums: Callable[[FloatArray], FloatArray], counted: Callable[[FloatArray], float]) -> AdditiveScore:
        return AdditiveScore(counts, from_sums, counted)

    per_item, per_class = _num_items, partial(_num_balanced, num_classes)
    return {
        "nll": AdditiveScore(_surprise, ratio),
        "acc": score(_accuracy, per_item),
        "uar": score(_balanced_accuracy, per_class),
        "macro_f1": score(_macro_f1, per_class),
        "weighted_f1": score(_weighted_f1, per_item),
        **{f"f1_{name}": score(partial(_f1_of, number), partial(_num_of, number)) for number, name in enumerate(names)},
    }


def predicted_classes(values: FloatArray) -> IntArray:
    """(..., n, K) probabilities -> (..., n) the most probable class, the first of equals."""
    return np.asarray(np.argmax(values, axis=-1), dtype=np.int64)


def class_f1(sums: FloatArray) -> FloatArray:
    """(..., 3K) -> (..., K), the F1 of every class; 0 for one that is on neither side."""
    hits, predicted, actual = _sides(sums)
    named = predicted + actual
    return np.asarray(2 * hits / np.where(named > 0, named, 1.0))


def _count(num_classes: int, labels: FloatArray, values: FloatArray) -> FloatArray:
    classes = np.arange(num_classes)
    actual = labels[..., None] == classes
    predicted = predicted_classes(values)[..., None] == classes
    actual = np.broadcast_to(actual, predicted.shape)
    return np.concatenate([actual & predicted, predicted, actual], axis=-1).astype(np.float64)


def _surprise(labels: FloatArray, values: FloatArray) -> FloatArray:
    places = np.broadcast_to(labels.astype(np.int64), values.shape[:-1])[..., None]
    of_label = np.take_along_axis(values, places, axis=-1)[..., 0]
    return columns(-np.log(np.clip(of_label, SMALLEST_PROBABILITY, 1.0)), np.ones(labels.shape))


def _sides(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    hits, predicted, actual = np.split(sums, 3, axis=-1)
    return hits, predicted, actual


def _accuracy(sums: FloatArray) -> FloatArray:
    hits, _, actual = _sides(sums)
    return ratio(np.stack([hits.sum(axis=-1), actual.sum(axis=-1)], axis=-1))


def _balanced_accuracy(sums: FloatArray) -> FloatArray:
    hits, _, actual = _sides(sums)
    occurs = actual > 0
    return ratio(np.stack([(hits / np.where(occurs, actual, 1.0)).sum(axis=-1), occurs.sum(axis=-1)], axis=-1))


def _macro_f1(sums: FloatArray) -> FloatArray:
    _, predicted, actual = _sides(sums)
    occurs = predicted + actual > 0
    return ratio(np.stack([class_f1(sums).sum(axis=-1), occurs.sum(axis=-1)], axis=-1))


def _weighted_f1(sums: FloatArray) -> FloatArray:
    _, _, actual = _sides(sums)
    return ratio(np.stack([(actual * class_f1(sums)).sum(axis=-1), actual.sum(axis=-1)], axis=-1))


def _f1_of(number: int, sums: FloatArray) -> FloatArray:
    _, _, actual = _sides(sums)
    has_items = actual.sum(axis=-1) > 0
    return np.where(has_items, class_f1(sums)[..., number], np.nan)


def _num_items(labels: FloatArray) -> float:
    return labels.size


def _num_of(number: int, labels: FloatArray) -> float:
    return int(np.count_nonzero(labels == number))


def _num_balanced(num_classes: int, labels: FloatArray) -> float:
    """One over the root of the mean square that an item changes in a mean over classes.

    One of ``s`` items of one of ``k`` classes changes a mean recall by ``1 / (k s)``; it is one of these with
    probability ``s / n``. With classes of equal size that is one over ``n``, and more where some are rare.
    """
    supports = np.bincount(labels.astype(np.int64), minlength=num_classes)
    supports = supports[supports > 0]
    mean_square = float((1 / supports).sum()) / (supports.size**2 * labels.size)
    return float(1 / np.sqrt(mean_square))
