"""Scores of yes-or-no questions from sums: values by hand, scikit-learn as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from reports.statistics.scores.find import scores_of

NAMES = ("happy", "sad", "angry")
SCORES = scores_of("binaries", NAMES)


def score(metric: str, labels: np.ndarray, values: np.ndarray) -> float:
    form = SCORES[metric]
    return float(form.from_sums(form.contributions(labels, values).sum(axis=-2)))


@pytest.mark.parametrize("seed", range(15))
def test_every_score_is_scikit_learn_s(seed: int) -> None:
    random = np.random.default_rng(seed)
    num_items = int(random.integers(1, 30))
    labels = (random.uniform(size=(num_items, 3)) < random.choice([0.0, 0.2, 0.6, 1.0], 3)).astype(np.float64)
    values = random.beta(0.5, 0.5, (num_items, 3))
    actual, predicted = labels.astype(int), (values >= 0.5).astype(int)
    right = np.where(actual == 1, values, 1 - values)
    f1 = [f1_score(actual[:, k], predicted[:, k], average="weighted", zero_division=0) for k in range(3)]
    acc = (actual == predicted).mean(axis=0)
    uar = [
        np.mean([(predicted[:, k] == answer)[actual[:, k] == answer].mean() for answer in np.unique(actual[:, k])])
        for k in range(3)
    ]
    expected = {
        "nll": -np.log(np.clip(right, 1e-7, 1)).mean(),
        "acc": acc.mean(),
        "weighted_f1": np.mean(f1),
        "uar": np.mean(uar),
        **{f"acc_{name}": acc[k] for k, name in enumerate(NAMES)},
        **{f"f1_{name}": f1[k] for k, name in enumerate(NAMES)},
    }
    assert set(expected) == set(SCORES)
    for metric, value in expected.items():
        assert score(metric, labels, values) == pytest.approx(value), metric


def test_half_is_yes() -> None:
    assert score("acc_sad", np.array([[0.0, 1.0, 0.0]]), np.array([[0.5, 0.5, 0.5]])) == 1.0
    assert score("acc", np.array([[0.0, 1.0, 0.0]]), np.array([[0.5, 0.5, 0.5]])) == pytest.approx(1 / 3)


def test_every_answer_counts() -> None:
    labels = np.repeat([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], 25, axis=0)
    counted = {metric: form.num_counted(labels) for metric, form in SCORES.items() if form.num_counted is not None}
    expected = {"acc": 150, "weighted_f1": 150, "uar": 150}
    assert counted == pytest.approx(expected | {f"{kind}_{name}": 50 for kind in ("acc", "f1") for name in NAMES})
