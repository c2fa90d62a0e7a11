"""What the predictions of a study are scored by: the metrics that make sense for its target and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.metrics.classes import (
    LEAST_PROBABILITY,
    OVERALL,
    OVERALL_OF_BINARIES,
    binary_metric_names,
    binary_metrics,
    class_metric_names,
    class_metrics,
)
from dmd.metrics.sentiment import METRIC_NAMES, TWO_CLASS, compute_metrics, mean_absolute_error, metric_names, pearson

Floats = npt.NDArray[np.floating]

KNOWN_METRICS = tuple(dict.fromkeys([*METRIC_NAMES, *OVERALL, *OVERALL_OF_BINARIES]))
"""Every metric whose name does not depend on the names of a target."""

METRIC_FAMILIES = ("f1_", "acc_", "mae_", "corr_")
"""What the other metrics begin with; the rest is a name of the target."""

_DEFAULT = {"regression": "mae", "classes": "macro_f1", "binaries": "weighted_f1", "several": "mae"}


def higher_is_better(metric: str) -> bool:
    """The direction of a metric, by its name."""
    return metric not in ("mae", "nll") and not metric.startswith("mae_")


def default_metric(kind: str) -> str:
    """The primary metric of a study that names none."""
    return _DEFAULT[kind]


@dataclass(frozen=True)
class Scoring:
    """One choice of metrics, for all parts of a partition.

    Attributes:
        target: of the labels.
        names: the metrics, in display order.
        remark: why there is no two-class metric, as a clause; empty if there are some.
    """

    target: Target
    names: tuple[str, ...]
    remark: str = ""

    @property
    def scale(self) -> LabelScale:
        """Of numeric labels."""
        return self.target.scale

    @property
    def error(self) -> str:
        """The metric of the validation part that epochs are compared by; lower is better."""
        return "mae" if self.target.is_numeric else "nll"

    def score(self, predictions: Floats, labels: Floats) -> dict[str, float]:
        """Every metric of predictions for labels, both in the shapes of :mod:`dmd.data.samples.target`.

        Raises ValueError if the shapes do not fit the target or there are no items.
        """
        columns = (self.target.prediction_columns, self.target.label_columns)
        if not len(labels) or (predictions.shape[1:], labels.shape[1:]) != columns or len(predictions) != len(labels):
            raise ValueError(
                f"predictions {predictions.shape} and labels {labels.shape} must be (n, {columns[0]}) and "
                f"(n, {columns[1]}) with n > 0"
            )
        values = _compute(predictions, labels, self.target)
        return {name: values[name] for name in self.names}

    def item_errors(self, predictions: Floats, labels: Floats) -> npt.NDArray[np.float64]:
        """(n,): the error of every item whose mean is the metric :attr:`error` (but for clipped numbers of CH-SIMS)."""
        if self.target.kind == "classes":
            probabilities = predictions[np.arange(len(labels)), labels.astype(np.int64)].astype(np.float64)
            return -np.log(np.clip(probabilities, LEAST_PROBABILITY, 1.0))
        if self.target.kind == "binaries":
            probabilities = np.where(labels > 0.5, predictions, 1.0 - predictions).astype(np.float64)
            return np.asarray(-np.log(np.clip(probabilities, LEAST_PROBABILITY, 1.0)).mean(axis=1))
        if self.target.kind == "several":
            predictions, labels = predictions[:, 0], labels[:, 0]
        return np.abs(predictions.astype(np.float64) - labels)


def _compute(predictions: Floats, labels: Floats, target: Target) -> dict[str, float]:
    if target.kind == "regression":
        return compute_metrics(predictions, labels, target.scale)
    if target.kind == "classes":
        return class_metrics(predictions.astype(np.float64), labels.astype(np.int64), target.names)
    if target.kind == "binaries":
        return binary_metrics(predictions.astype(np.float64), labels > 0.5, target.names)
    values = compute_metrics(predictions[:, 0], labels[:, 0], target.scale)
    for column, name in enumerate(target.names[1:], 1):
        p, y = predictions[:, column].astype(np.float64), labels[:, column].astype(np.float64)
        values |= {f"mae_{name}": mean_absolute_error(p, y), f"corr_{name}": pearson(p, y)}
    return values


def constant_prediction(target: Target, labels: Floats) -> npt.NDArray[np.float32]:
    """What a predictor that looks at nothing answers best: medians, or how often classes and the answer yes occur.

    Args:
        target: of the labels.
        labels: (n,) or (n, K) of the training part.

    Returns:
        () or (K,).
    """
    if target.is_numeric:
        return np.asarray(np.median(labels, axis=0), dtype=np.float32)
    if target.kind == "binaries":
        return np.asarray(labels.mean(axis=0), dtype=np.float32)
    counts = np.bincount(labels.astype(np.int64), minlength=target.num_outputs)
    return (counts / len(labels)).astype(np.float32)


def choose_metrics(target: Target, parts: Mapping[str, Floats]) -> Scoring:
    """The metrics for predictions that are scored on ``parts``: what a part is called -> its labels.

    Where no label lies on one side of the neutral point there is nothing to tell apart by sign: a predictor that always
    answers with a number of the other side would be right every time. Two-class metrics are then left out.
    """
    if target.kind == "classes":
        return Scoring(target, class_metric_names(target.names))
    if target.kind == "binaries":
        return Scoring(target, binary_metric_names(target.names))
    if target.kind == "several":
        first = choose_metrics(Target(scale=target.scale), {part: labels[:, 0] for part, labels in parts.items()})
        others = tuple(f"{kind}_{name}" for name in target.names[1:] for kind in ("mae", "corr"))
        return Scoring(target, (*first.names, *others), first.remark)
    names = metric_names(target.scale)
    remark = _why_one_sided(target.scale, parts)
    if remark:
        names = tuple(name for name in names if name not in TWO_CLASS)
    return Scoring(target, names, remark)


def _why_one_sided(scale: LabelScale, parts: Mapping[str, Floats]) -> str:
    if not scale.low < scale.neutral < scale.high:
        return f"the neutral point {scale.neutral:g} is an end of the label scale [{scale.low:g}, {scale.high:g}]"
    # compared as float32, in which labels are held
    neutral = np.float32(scale.neutral)
    for part, labels in parts.items():
        sides = {"below": bool((labels < neutral).any()), "above": bool((labels > neutral).any())}
        missing = [side for side, is_there in sides.items() if not is_there]
        if missing:
            return (
                f"no label {part} lies {' or '.join(missing)} the neutral point {scale.neutral:g} "
                f"(they go from {labels.min():g} to {labels.max():g})"
            )
    return ""
