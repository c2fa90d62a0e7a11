"""Scores from sums equal scores from items: golden values by hand and scikit-learn as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from reports.statistics.scores.numbers import NUMBER_SCORES

LABELS = np.array([-2.0, 0.0, 1.0, 2.5, 0.0, -0.4])
VALUES = np.array([-1.0, -0.2, 0.4, 3.4, 0.0, 0.6])


def score(metric: str, labels: np.ndarray = LABELS, values: np.ndarray = VALUES) -> float:
    return float(NUMBER_SCORES[metric].from_sums(NUMBER_SCORES[metric].contributions(labels, values).sum(axis=0)))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("mae", (1.0 + 0.2 + 0.6 + 0.9 + 0.0 + 1.0) / 6),
        # Rounded half to even: labels -2 0 1 2 0 0, predictions -1 0 0 3 0 1: two of six agree.
        ("acc7", 2 / 6),
        # Clipped to [-2, 2]: labels -2 0 1 2 0 0, predictions -1 0 0 2 0 1: three of six.
        ("acc5", 3 / 6),
        # Without zeros: labels - + + -, predictions - + + +: three of four.
        ("acc2_non0", 3 / 4),
        # With zeros non-negative: labels - + + + + -, predictions - - + + + +: four of six.
        ("acc2_has0", 4 / 6),
    ],
)
def test_golden(metric: str, expected: float) -> None:
    assert score(metric) == pytest.approx(expected)


def test_correlation_is_pearsons_and_zero_for_a_constant() -> None:
    assert score("corr") == pytest.approx(np.corrcoef(LABELS, VALUES)[0, 1])
    assert score("corr", values=np.full(6, 0.3)) == 0.0


def test_weighted_f1_takes_its_supports_from_the_labels() -> None:
    kept = LABELS != 0
    expected = f1_score(LABELS[kept] > 0, VALUES[kept] > 0, average="weighted")
    swapped = f1_score(VALUES[kept] > 0, LABELS[kept] > 0, average="weighted")
    assert score("f1_non0") == pytest.approx(expected)
    assert expected != pytest.approx(swapped)
    assert score("f1_has0") == pytest.approx(f1_score(LABELS >= 0, VALUES >= 0, average="weighted"))


def test_no_items_is_undefined_not_zero() -> None:
    assert np.isnan(score("acc2_non0", np.zeros(3), np.ones(3)))
