"""Scores of classes from sums: values by hand, scikit-learn as a second opinion, classes that are nowhere included."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from reports.statistics.scores.find import scores_of

NAMES = ("angry", "happy", "sad", "neutral")
SCORES = scores_of("classes", NAMES)


def score(metric: str, labels: np.ndarray, values: np.ndarray) -> np.ndarray:
    form = SCORES[metric]
    return form.from_sums(form.contributions(labels, values).sum(axis=-2))


def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities; classes are missing from labels, from predictions or from both in some draws."""
    random = np.random.default_rng(seed)
    num_items = int(random.integers(1, 40))
    present = random.choice(4, size=int(random.integers(1, 5)), replace=False)
    labels = random.choice(present, num_items).astype(np.float64)
    values = random.dirichlet(random.uniform(0.05, 2.0, 4), num_items)
    return labels, values


@pytest.mark.parametrize("seed", range(25))
def test_every_score_is_scikit_learn_s(seed: int) -> None:
    labels, values = draw(seed)
    actual, predicted = labels.astype(int), values.argmax(axis=1)
    f1 = f1_score(actual, predicted, labels=range(4), average=None, zero_division=0)
    expected = {
        "nll": -np.log(np.clip(values[np.arange(len(actual)), actual], 1e-7, 1)).mean(),
        "acc": (actual == predicted).mean(),
        "uar": np.mean([(predicted == c)[actual == c].mean() for c in np.unique(actual)]),
        "macro_f1": f1_score(actual, predicted, average="macro", zero_division=0),
        "weighted_f1": f1_score(actual, predicted, average="weighted", zero_division=0),
        **{f"f1_{name}": f1[number] for number, name in enumerate(NAMES)},
    }
    assert set(expected) == set(SCORES)
    for metric, value in expected.items():
        assert score(metric, labels, values) == pytest.approx(value), metric
    if np.isin(predicted, actual).all():  # scikit-learn warns of others
        assert score("uar", labels, values) == pytest.approx(balanced_accuracy_score(actual, predicted))


def test_golden() -> None:
    # Labels 0 0 1 2, predictions 0 1 1 1: hits 1 1 0, predicted 1 3 0, actual 2 1 1. F1: 2/3, 2/4, 0.
    labels = np.array([0.0, 0.0, 1.0, 2.0])
    values = np.array([[0.7, 0.1, 0.1, 0.1], [0.2, 0.6, 0.1, 0.1], [0.0, 1.0, 0.0, 0.0], [0.2, 0.5, 0.2, 0.1]])
    assert score("acc", labels, values) == pytest.approx(2 / 4)
    assert score("uar", labels, values) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert score("macro_f1", labels, values) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert score("weighted_f1", labels, values) == pytest.approx((2 * 2 / 3 + 1 / 2 + 0) / 4)
    assert score("f1_happy", labels, values) == pytest.approx(1 / 2)
    assert score("f1_neutral", labels, values) == 0.0
    assert score("nll", labels, values) == pytest.approx(-np.log([0.7, 0.2, 1.0, 0.2]).mean())


def test_an_item_called_impossible_costs_a_finite_number() -> None:
    assert score("nll", np.array([1.0]), np.array([[1.0, 0.0, 0.0, 0.0]])) == pytest.approx(-np.log(1e-7))


def test_the_first_of_equals_is_predicted() -> None:
    values = np.array([[0.25, 0.25, 0.25, 0.25], [0.1, 0.4, 0.4, 0.1]])
    assert score("acc", np.array([0.0, 1.0]), values) == 1.0


def test_runs_pass_through() -> None:
    labels, first = draw(3)
    second = np.random.default_rng(0).dirichlet(np.ones(4), len(labels))
    together = np.stack([first, second])
    for metric in SCORES:
        alone = [score(metric, labels, values) for values in (first, second)]
        np.testing.assert_array_equal(score(metric, labels, together), alone)


def test_no_items_is_undefined_not_zero() -> None:
    for metric in SCORES:
        assert np.isnan(score(metric, np.zeros(0), np.zeros((0, 4)))), metric


def test_one_item_changes_a_score_by_about_one_over_what_is_counted() -> None:
    """With classes of equal size an item counts one over n; where a class is rare, the mean square change says more."""
    equal, unequal = np.repeat([0.0, 1.0, 2.0, 3.0], 25), np.repeat([0.0, 1.0], [90, 10])
    counted = {metric: form.num_counted(equal) for metric, form in SCORES.items() if form.num_counted is not None}
    assert counted == pytest.approx(
        {"acc": 100, "uar": 100, "macro_f1": 100, "weighted_f1": 100, **{f"f1_{name}": 25 for name in NAMES}}
    )
    # UAR of 90 and 10: an item changes it by 1 / 180 or 1 / 20, with probabilities 0.9 and 0.1.
    form = SCORES["uar"].num_counted
    assert form is not None
    assert form(unequal) == pytest.approx((0.9 / 180**2 + 0.1 / 20**2) ** -0.5)
