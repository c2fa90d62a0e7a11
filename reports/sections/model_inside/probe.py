"""How much of something can be read off features by a linear rule: the number that stands beside every feature map.

A linear probe (Alain and Bengio 2016, *Understanding intermediate layers using linear classifier probes*): multinomial
logistic regression on the features themselves, never on the coordinates of a picture. Features are standardised and
the penalty is chosen on the training part alone, by an inner cross-validation; groups (videos) are never split, neither
by the outer nor by the inner folds, so knowing a speaker's voice is no help. Compare with ``chance``: what the most
frequent class of the same training parts scores.

Legend: ``n`` points, ``d`` features, ``G`` groups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reports.statistics.additive_score import AdditiveScore
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.estimate import Estimate
from reports.statistics.jackknife import deleted_scores, jackknife_estimate

OUTER_FOLDS, INNER_FOLDS = 5, 3
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Inverse strengths that the inner cross-validation chooses from, the strongest penalty first."""

FEWEST_GROUPS = 4


@dataclass(frozen=True)
class Probe:
    """What a linear probe could read off features.

    Attributes:
        accuracy: with an interval over groups, as a share.
        chance: the accuracy of always answering with the most frequent class, on the same points.
        n: points.
        num_groups: of the points; the accuracy's interval has one degree of freedom fewer.
    """

    accuracy: Estimate
    chance: float
    n: int
    num_groups: int


def linear_probe(features: FloatArray, classes: IntArray, group_of: IntArray) -> Probe | None:
    """The cross-validated accuracy of reading classes off features, whole groups left out.

    The interval is the delete-one-group jackknife of the pooled accuracy, with the fitted probes held fixed.

    Args:
        features: (n, d).
        classes: (n,) class of each point.
        group_of: (n,) group of each point.

    Returns:
        The probe; None where there are too few groups, or only one class.
    """
    groups, index = np.unique(group_of, return_inverse=True)
    if len(groups) < FEWEST_GROUPS or len(np.unique(classes)) < 2:
        return None
    predicted, constant = _predict_left_out(features, classes, index)
    hits, chances = (predicted == classes).astype(np.float64), (constant == classes).astype(np.float64)
    value, deleted = deleted_scores(np.ones_like(hits), hits, index.astype(np.int64), len(groups), _MEAN)
    # An accuracy is not tested against zero.
    accuracy = replace(jackknife_estimate(float(value), deleted), p_value=None)
    return Probe(accuracy, float(chances.mean()), len(classes), len(groups))


_MEAN = AdditiveScore(
    lambda weights, values: np.stack([values, weights], axis=1),
    lambda sums: np.asarray(sums[..., 0] / sums[..., 1]),
)


def _predict_left_out(features: FloatArray, classes: IntArray, group_of: IntArray) -> tuple[IntArray, IntArray]:
    """(n,) class that the probe gives each point while its group is left out; (n,) the most frequent one instead."""
    # Both take a second to import, and most reports have no features.
    from sklearn.model_selection import GroupKFold
    from threadpoolctl import threadpool_limits

    predicted, constant = np.empty_like(classes), np.empty_like(classes)
    folds = GroupKFold(min(OUTER_FOLDS, len(np.unique(group_of))))
    # One thread: sums are added in one order on every machine, and the report's bytes do not depend on its cores.
    with threadpool_limits(limits=1):
        for train, test in folds.split(features, classes, group_of):
            strength = _choose_penalty(features[train], classes[train], group_of[train])
            predicted[test] = _fit_predict(features[train], classes[train], features[test], strength)
            constant[test] = _most_frequent(classes[train])
    return predicted, constant


def _choose_penalty(features: FloatArray, classes: IntArray, group_of: IntArray) -> float:
    """The penalty with the most hits in the inner cross-validation; the stronger one where two are equal."""
    from sklearn.model_selection import GroupKFold

    num_groups = len(np.unique(group_of))
    hits = np.zeros(len(PENALTIES))
    for train, test in GroupKFold(min(INNER_FOLDS, num_groups)).split(features, classes, group_of):
        for place, strength in enumerate(PENALTIES):
            found = _fit_predict(features[train], classes[train], features[test], strength)
            hits[place] += (found == classes[test]).sum()
    return PENALTIES[int(hits.argmax())]


def _fit_predict(train: FloatArray, classes: IntArray, test: FloatArray, strength: float) -> IntArray:
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(classes)) < 2:
        return np.full(len(test), classes[0])
    centre, scale = train.mean(axis=0), train.std(axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    model = LogisticRegression(C=strength, solver="newton-cg", max_iter=500).fit((train - centre) / scale, classes)
    return np.asarray(model.predict((test - centre) / scale), dtype=np.int64)


def _most_frequent(classes: IntArray) -> int:
    values, counts = np.unique(classes, return_counts=True)
    return int(values[counts.argmax()])
