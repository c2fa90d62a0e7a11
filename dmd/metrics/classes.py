"""Metrics of classes and of yes-or-no answers, as scikit-learn defines them.

Predictions are probabilities. A predicted class is the one of the highest probability, the first of equals; a question
is answered yes from a probability of 0.5. Everything but ``nll`` is a share in 0..1.

Legend: ``n`` items, ``K`` classes or questions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

LEAST_PROBABILITY = 1e-7
"""What a probability counts as at least where its logarithm is taken: float32 has no more digits near 1."""

OVERALL = ("nll", "acc", "uar", "macro_f1", "weighted_f1")
OVERALL_OF_BINARIES = ("nll", "acc", "weighted_f1", "uar")


def class_metric_names(names: Sequence[str]) -> tuple[str, ...]:
    """The metrics of K classes, in display order."""
    return (*OVERALL, *(f"f1_{name}" for name in names))


def binary_metric_names(names: Sequence[str]) -> tuple[str, ...]:
    """The metrics of K yes-or-no questions, in display order; those without a name are means over questions."""
    return (*OVERALL_OF_BINARIES, *(f"{kind}_{name}" for name in names for kind in ("acc", "f1")))


def class_metrics(probabilities: Values, classes: Numbers, names: Sequence[str]) -> dict[str, float]:
    """Every metric of K classes.

    Args:
        probabilities: (n, K), n > 0.
        classes: (n,) the true ones, in 0..K-1.
        names: of the classes.
    """
    counts = confusion(probabilities.argmax(axis=1), classes, len(names))
    found = {
        "nll": negative_log_likelihood(probabilities[np.arange(len(classes)), classes]),
        "acc": float(np.trace(counts) / counts.sum()),
        "uar": unweighted_average_recall(counts),
        "macro_f1": macro_f1(counts),
        "weighted_f1": weighted_f1(counts),
    }
    return found | {f"f1_{name}": value for name, value in zip(names, f1_by_class(counts).tolist(), strict=True)}


def binary_metrics(probabilities: Values, answers: npt.NDArray[np.bool_], names: Sequence[str]) -> dict[str, float]:
    """Every metric of K yes-or-no questions.

    Accuracy and weighted F1 of each are what MulT's IEMOCAP table prints (Tsai et al. 2019, Table 3).

    Args:
        probabilities: (n, K) of yes, n > 0.
        answers: (n, K), the true ones.
        names: of the questions.
    """
    each = {}
    for column, name in enumerate(names):
        counts = confusion((probabilities[:, column] >= 0.5).astype(np.int64), answers[:, column].astype(np.int64), 2)
        each[name] = {
            "acc": float(np.trace(counts) / counts.sum()),
            "f1": weighted_f1(counts),
            "uar": unweighted_average_recall(counts),
        }
    found = {
        "nll": negative_log_likelihood(np.where(answers, probabilities, 1.0 - probabilities)),
        "acc": float(np.mean([of_one["acc"] for of_one in each.values()])),
        "weighted_f1": float(np.mean([of_one["f1"] for of_one in each.values()])),
        "uar": float(np.mean([of_one["uar"] for of_one in each.values()])),
    }
    return found | {f"{kind}_{name}": each[name][kind] for name in names for kind in ("acc", "f1")}


def confusion(predicted: Numbers, actual: Numbers, num_classes: int) -> Values:
    """(K, K) counts: true class by row, predicted class by column."""
    counts = np.bincount(actual * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.float64)


def negative_log_likelihood(probabilities: Values) -> float:
    """The mean of -log p over probabilities (any shape) of what is true, in nats."""
    return float(np.mean(-np.log(np.clip(probabilities, LEAST_PROBABILITY, 1.0))))


def f1_by_class(counts: Values) -> Values:
    """(K,) F1 of each class from its confusion (K, K); 0 for a class that is never hit, even where it never occurs."""
    named = counts.sum(axis=0) + counts.sum(axis=1)
    return np.asarray(2.0 * np.diag(counts) / np.where(named > 0, named, 1.0))


def macro_f1(counts: Values) -> float:
    """The mean F1 over classes that occur in labels or predictions."""
    occurs = counts.sum(axis=0) + counts.sum(axis=1) > 0
    return float(f1_by_class(counts)[occurs].mean())


def weighted_f1(counts: Values) -> float:
    """F1 of every class, weighted by how often it occurs in the labels."""
    return float(f1_by_class(counts) @ counts.sum(axis=1) / counts.sum())


def unweighted_average_recall(counts: Values) -> float:
    """The mean recall over classes that occur in the labels: UAR, or balanced accuracy."""
    supports = counts.sum(axis=1)
    return float((np.diag(counts)[supports > 0] / supports[supports > 0]).mean())
