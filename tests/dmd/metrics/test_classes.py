"""Metrics of classes and of yes-or-no answers: by hand, and equal to scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

from dmd.metrics.classes import binary_metric_names, binary_metrics, class_metric_names, class_metrics

NAMES = ("angry", "happy", "sad")


def test_by_hand() -> None:
    # predicted: angry, angry, sad, happy
    probabilities = np.array([[0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8], [0.2, 0.4, 0.4]])
    found = class_metrics(probabilities, np.array([0, 1, 2, 2]), NAMES)
    assert found["acc"] == 0.5
    assert found["uar"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert (found["f1_angry"], found["f1_happy"], found["f1_sad"]) == pytest.approx((2 / 3, 0, 2 / 3))
    assert found["macro_f1"] == pytest.approx(4 / 9)
    assert found["weighted_f1"] == pytest.approx((2 / 3 + 0 + 2 * 2 / 3) / 4)
    assert found["nll"] == pytest.approx(-np.mean(np.log([0.5, 0.2, 0.8, 0.4])))
    assert tuple(found) == class_metric_names(NAMES)


@pytest.mark.parametrize("seed", range(8))
def test_equal_to_scikit_learn(seed: int) -> None:
    """Also where a class occurs in the labels or the predictions alone, or in neither."""
    generator = np.random.default_rng(seed)
    num_classes, n = 5, int(generator.integers(1, 40))
    names = tuple("abcde")
    probabilities = generator.dirichlet(np.ones(num_classes) * 0.3, n)
    classes = generator.integers(0, 1 + seed % num_classes, n)
    found, predicted = class_metrics(probabilities, classes, names), probabilities.argmax(axis=1)
    assert found["acc"] == pytest.approx(accuracy_score(classes, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(classes, predicted, average="macro", zero_division=0))
    assert found["weighted_f1"] == pytest.approx(f1_score(classes, predicted, average="weighted", zero_division=0))
    each = f1_score(classes, predicted, average=None, labels=range(num_classes), zero_division=0)
    assert [found[f"f1_{name}"] for name in names] == pytest.approx(each.tolist())
    occurring = np.unique(classes)
    recalls = [(predicted[classes == c] == c).mean() for c in occurring]
    assert found["uar"] == pytest.approx(np.mean(recalls))
    if set(predicted) <= set(classes):
        assert found["uar"] == pytest.approx(balanced_accuracy_score(classes, predicted))
    if probabilities[np.arange(n), classes].min() > 1e-7:
        assert found["nll"] == pytest.approx(log_loss(classes, probabilities, labels=range(num_classes)))


def test_a_certain_mistake_costs_what_float32_can_tell() -> None:
    found = class_metrics(np.array([[1.0, 0.0, 0.0]]), np.array([1]), NAMES)
    assert found["nll"] == pytest.approx(-np.log(1e-7))


def test_questions_by_hand() -> None:
    """Accuracy and weighted F1 of each question, as in MulT's IEMOCAP table; the others are means over questions."""
    probabilities = np.array([[0.5, 0.1], [0.49, 0.2], [0.9, 0.3], [0.2, 0.8]])
    answers = np.array([[True, False], [True, False], [False, False], [False, True]])
    found = binary_metrics(probabilities, answers, ("happy", "sad"))
    assert (found["acc_happy"], found["acc_sad"], found["acc"]) == (0.5, 1.0, 0.75)
    assert found["f1_happy"] == pytest.approx(f1_score(answers[:, 0], probabilities[:, 0] >= 0.5, average="weighted"))
    assert found["weighted_f1"] == pytest.approx((found["f1_happy"] + 1) / 2)
    assert found["uar"] == pytest.approx((0.5 + 1) / 2)
    assert found["nll"] == pytest.approx(-np.mean(np.log([0.5, 0.9, 0.49, 0.8, 0.1, 0.7, 0.8, 0.8])))
    assert tuple(found) == binary_metric_names(("happy", "sad"))
