"""Metrics against values computed by hand (reference: the definitions of DMD and MMSA)."""

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score

from dmd.data.samples.samples import LabelScale
from dmd.metrics.sentiment import METRIC_NAMES, compute_metrics, metric_names, weighted_f1
from dmd.scoring import higher_is_better

LABELS = np.array([0.0, 1.2, -0.6, 2.5, -2.5, 3.0], dtype=np.float32)
PREDICTIONS = np.array([0.4, 0.8, 0.2, 3.6, -1.5, 2.5], dtype=np.float32)
SENTIMENT = LabelScale()

BY_HAND = {
    "mae": 4.2 / 6,
    "acc7": 3 / 6,  # half to even: the label 2.5 is class 2 (half up would call it 3, as the clipped 3.6)
    "acc5": 5 / 6,
    "acc2_non0": 4 / 5,
    "f1_non0": (3 * 6 / 7 + 2 * 2 / 3) / 5,
    "acc2_has0": 5 / 6,
    "f1_has0": (4 * 8 / 9 + 2 * 2 / 3) / 6,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_metric_has_the_value_computed_by_hand(name: str) -> None:
    assert compute_metrics(PREDICTIONS, LABELS, SENTIMENT)[name] == pytest.approx(BY_HAND[name], abs=1e-7)


def test_correlation_is_pearsons_r() -> None:
    expected = np.corrcoef(PREDICTIONS, LABELS)[0, 1]
    assert compute_metrics(PREDICTIONS, LABELS, SENTIMENT)["corr"] == pytest.approx(expected, abs=1e-6)


def test_correlation_of_a_constant_side_is_zero_by_rule() -> None:
    constant = np.full(6, 0.3, dtype=np.float32)
    assert compute_metrics(constant, LABELS, SENTIMENT)["corr"] == 0.0
    assert compute_metrics(PREDICTIONS, constant, SENTIMENT)["corr"] == 0.0


def test_a_prediction_of_exactly_neutral_is_negative_in_non0_and_positive_in_has0() -> None:
    metrics = compute_metrics(np.array([0.0, -1.0]), np.array([1.0, -1.0]), SENTIMENT)
    assert metrics["acc2_non0"] == 0.5
    assert metrics["acc2_has0"] == 1.0


def test_f1_weights_come_from_the_labels_not_from_the_predictions() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        p, y = generator.random((2, 12)) < generator.random((2, 1))
        assert weighted_f1(p, y) == pytest.approx(f1_score(y, p, average="weighted", zero_division=0.0))


def test_the_non0_pair_is_undefined_where_every_label_is_neutral() -> None:
    metrics = compute_metrics(np.array([0.5, -0.5]), np.zeros(2), SENTIMENT)
    assert math.isnan(metrics["acc2_non0"])
    assert math.isnan(metrics["f1_non0"])
    assert metrics["acc2_has0"] == 0.5


def test_metrics_that_make_no_sense_on_a_scale_are_absent() -> None:
    two_class = ("acc2_non0", "f1_non0", "acc2_has0", "f1_has0")
    assert metric_names(SENTIMENT) == ("mae", "corr", "acc7", "acc5", *two_class)
    assert metric_names(LabelScale(-1, 1, 0)) == ("mae", "corr", "acc5_sims", "acc3_sims", "acc2_sims", "f1_sims")
    assert set(METRIC_NAMES) == {*metric_names(SENTIMENT), *metric_names(LabelScale(-1, 1, 0))}
    assert metric_names(LabelScale(1, 5, 3)) == ("mae", "corr", *two_class)
    assert metric_names(LabelScale(0, 1, 0)) == ("mae", "corr")
    assert set(compute_metrics(PREDICTIONS, LABELS, LabelScale(-3, 3, 1))) == {"mae", "corr", *two_class}


def test_the_declared_neutral_point_divides_the_classes() -> None:
    metrics = compute_metrics(np.array([4.0, 2.0, 2.0]), np.array([5.0, 1.0, 3.0]), LabelScale(1, 5, 3))
    assert metrics["acc2_non0"] == 1.0
    assert metrics["acc2_has0"] == pytest.approx(2 / 3)


def test_only_the_error_is_better_when_lower() -> None:
    assert [name for name in METRIC_NAMES if not higher_is_better(name)] == ["mae"]


SIMS = LabelScale(-1, 1, 0)
SIMS_LABELS = np.array([-1.0, -0.8, -0.2, 0.0, 0.0, 0.1, 0.2, 0.7, 0.8, 1.0], dtype=np.float32)
SIMS_PREDICTIONS = np.array([-1.6, -0.6, 0.1, 0.05, -0.2, 0.1, 0.8, 0.7, 1.2, 0.5], dtype=np.float32)
# five classes (a cut belongs below): of the labels 0 0 1 2 2 2 3 3 4 4, of the predictions 0 1 2 2 1 2 4 3 4 3
SIMS_BY_HAND = {
    "mae": (0 + 0.2 + 0.3 + 0.05 + 0.2 + 0 + 0.6 + 0 + 0.2 + 0.5) / 10,  # -1.6 counts as -1, 1.2 as 1
    "acc5_sims": 5 / 10,
    # three classes: labels 0 0 0 1 1 1 2 2 2 2, predictions 0 0 1 1 0 1 2 2 2 2
    "acc3_sims": 8 / 10,
    # above 0: labels - - - - - + + + + +, predictions - - + + - + + + + +
    "acc2_sims": 8 / 10,
    "f1_sims": (5 * 2 * 3 / (3 + 5) + 5 * 2 * 5 / (7 + 5)) / 10,
}


@pytest.mark.parametrize("name", SIMS_BY_HAND)
@pytest.mark.parametrize("by", [0.0, 1.0, 3.0])
def test_metrics_of_ch_sims_have_the_values_computed_by_hand(name: str, by: float) -> None:
    shift = np.float32(by)
    scale = LabelScale(by - 1, by + 1, by)
    found = compute_metrics(SIMS_PREDICTIONS + shift, SIMS_LABELS + shift, scale)
    assert found[name] == pytest.approx(SIMS_BY_HAND[name], abs=1e-6)


def test_the_correlation_of_ch_sims_is_that_of_clipped_predictions() -> None:
    expected = np.corrcoef(np.clip(SIMS_PREDICTIONS, -1, 1), SIMS_LABELS)[0, 1]
    assert compute_metrics(SIMS_PREDICTIONS, SIMS_LABELS, SIMS)["corr"] == pytest.approx(expected, abs=1e-6)


def test_only_ch_sims_is_clipped() -> None:
    """A prediction of 4 on MOSI's scale is one off a label of 3."""
    assert compute_metrics(np.array([4.0, 0.0]), np.array([3.0, 0.0]), SENTIMENT)["mae"] == 0.5


def test_empty_or_unequal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="must be equal"):
        compute_metrics(np.zeros(0), np.zeros(0), SENTIMENT)
    with pytest.raises(ValueError, match="must be equal"):
        compute_metrics(np.zeros(2), np.zeros(3), SENTIMENT)
