"""The truth that the calibration of classes measures against is the truth, and its arms are what they are called."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

from benchmarks.calibration.class_coverage import (
    CLASS_QUESTIONS,
    EFFECTS,
    SEEDS,
    ask_runs,
    score,
    tally_folds,
    tally_official,
)
from benchmarks.calibration.class_worlds import (
    ARMS,
    BLOCK_WIDTH,
    NAMES,
    NUM_FEATURES,
    ClassWorld,
    draw_data,
    draw_runs,
    fit,
    predict,
    probabilities_of,
)
from benchmarks.calibration.worlds import COMPONENTS, PENALTIES

SMALL = ClassWorld("small", num_videos=10, clips_per_video=6)


def test_truths_are_scikit_learn_s_scores() -> None:
    random = np.random.default_rng(1)
    train, valid, test = (draw_data(SMALL, 10, random) for _ in range(3))
    predicted = predict(draw_runs(fit(train, valid), 2, random), test)
    labels, values = test.classes.ravel(), probabilities_of(predicted)
    for arm in range(len(ARMS)):
        for seed in range(2):
            classes = values[arm, seed].argmax(axis=1)
            expected = {
                "macro_f1": f1_score(labels, classes, average="macro", zero_division=0),
                "acc": (labels == classes).mean(),
                "uar": balanced_accuracy_score(labels, classes),
                "nll": log_loss(labels, values[arm, seed], labels=range(4)),
                "f1_sad": f1_score(labels, classes, labels=[2], average=None, zero_division=0)[0],
            }
            for metric, value in expected.items():
                assert score(metric, predicted, test)[arm, seed] == pytest.approx(value), metric


def test_classes_occur_as_often_as_a_world_says() -> None:
    classes = draw_data(SMALL, 4000, np.random.default_rng(2)).classes
    found = np.bincount(classes.ravel()) / classes.size
    assert found == pytest.approx(SMALL.rates, abs=0.02)


def test_arms_are_ridge_regressions_of_one_hot_classes_that_see_their_blocks() -> None:
    random = np.random.default_rng(3)
    train, valid = (draw_data(SMALL, 10, random) for _ in range(2))
    fitted = fit(train, valid)
    x, one_hot = train.features.reshape(-1, NUM_FEATURES), np.eye(len(NAMES))[train.classes.ravel()]
    scale = x.std(axis=0)
    models = [Ridge(alpha=penalty * len(x)).fit(x / scale, one_hot) for penalty in PENALTIES]
    gaps = [np.abs(model.coef_.T / scale[:, None] - fitted.weights[0]).max() for model in models]
    assert min(gaps) < 1e-8
    assert models[int(np.argmin(gaps))].intercept_ == pytest.approx(fitted.offsets[0])
    seen = (np.abs(fitted.weights) > 0).reshape(len(ARMS), -1, BLOCK_WIDTH * len(NAMES)).all(axis=2)
    assert seen.tolist() == [[True, *(arm != f"no_{name}" for name in COMPONENTS)] for arm in ARMS]


def test_the_product_is_asked_with_what_the_runs_predict() -> None:
    random = np.random.default_rng(4)
    train, valid, test = (draw_data(SMALL, 10, random) for _ in range(3))
    predicted = predict(draw_runs(fit(train, valid), 3, random), test)
    estimator = ask_runs("macro_f1", [(None, test, predicted, np.arange(10))])
    np.testing.assert_array_equal(estimator.results.scores[:, :, 0, 0], score("macro_f1", predicted, test))
    estimates = estimator.arm_mean("full", "macro_f1")
    assert estimates is not None
    assert (estimates.new_data.n, estimates.new_data.df) == (10, 9)
    assert estimates.rerun.n == 3


def test_every_effect_is_seen_under_every_question() -> None:
    tallies = {**tally_folds(SMALL, "macro_f1", 1, 1, seed=0), **tally_official(SMALL, "macro_f1", 1, seed=0)}
    assert {(question, count, effect) for question, count, _, effect, _ in tallies} == {
        (question, count, effect) for question in CLASS_QUESTIONS for count in SEEDS for effect in EFFECTS
    }
    assert all(len(tally.misses) == 1 for tally in tallies.values())
