"""The truth that the calibration benchmark measures against is the truth, and its arms are what they are called."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from benchmarks.calibration.accuracies import ask_hits, draw_hits
from benchmarks.calibration.accuracies import count_claims as count_accuracy_claims
from benchmarks.calibration.coverage import Tally, effects, tally_world
from benchmarks.calibration.error_rates import count_claims
from benchmarks.calibration.worlds import (
    NUM_FOLDS,
    PENALTIES,
    World,
    combinations_of_arms,
    draw_fitted,
    draw_run_errors,
    expected_scores,
)
from reports.statistics.estimate import t_estimate, undefined

SMALL = World("small", num_videos=15, clips_per_video=4)


def test_the_truth_of_the_rerun_question_is_the_mean_over_many_seeds() -> None:
    random = np.random.default_rng(1)
    fitted = draw_fitted(SMALL, 1, random)
    expected = expected_scores(SMALL, fitted)
    for cell in (0, 3):
        runs = draw_run_errors(SMALL, fitted, cell, 4000, random).mean(axis=(2, 3))
        error = runs.std(axis=1) / np.sqrt(runs.shape[1])
        assert (np.abs(runs.mean(axis=1) - expected[:, cell]) < 4.5 * error).all()


def test_arms_are_ridge_regressions_that_see_their_blocks_and_no_test_fold() -> None:
    fitted = draw_fitted(SMALL, 1, np.random.default_rng(2))
    width = fitted.features.shape[-1]
    train = np.isin(fitted.fold_of[0], [fold for fold in range(NUM_FOLDS) if fold not in (0, 1)])
    x, y = fitted.features[train].reshape(-1, width), fitted.labels[train].ravel()
    scale = x.std(axis=0)
    candidates = [Ridge(alpha=penalty * len(x)).fit(x / scale, y).coef_ / scale for penalty in PENALTIES]
    gaps = [np.abs(candidate - fitted.weights[0, -1]).max() for candidate in candidates]
    assert min(gaps) < 1e-8
    seen = (np.abs(fitted.weights[0]) > 0).reshape(8, 4, -1).all(axis=2)
    assert seen.tolist() == [
        [True, *(name in on for name in ("strong", "weak", "idle"))] for on in combinations_of_arms()
    ]


def test_videos_are_tested_once_per_repeat() -> None:
    fitted = draw_fitted(SMALL, 2, np.random.default_rng(3))
    for repeat in range(2):
        cells = [fitted.tested(repeat * NUM_FOLDS + fold) for fold in range(NUM_FOLDS)]
        assert sorted(np.concatenate(cells).tolist()) == list(range(15))


def test_an_interval_that_is_refused_does_not_cover() -> None:
    tally = Tally()
    tally.add(t_estimate(1.0, 0.5, 30, 31, "rerun"), 1.2)
    tally.add(t_estimate(1.0, 0.5, 30, 31, "rerun"), 9.0)
    tally.add(undefined(1.0, 1, "rerun", "one run"), 1.0)
    assert tally.coverage == pytest.approx(1 / 3)


def test_every_effect_is_seen_under_both_questions() -> None:
    found = tally_world(SMALL, num_studies=2, num_targets=2, num_long=0, seed=4)
    assert {key[0] for key in found} == {"rerun", "new data"}
    assert {key[2] for key in found} == {effect.kind for effect in effects()}
    assert {len(tally.misses) for tally in found.values()} == {2}


def test_large_differences_are_claimed_the_right_way_round() -> None:
    claims = count_claims({"ca": 10.0}, num_seeds=5, num_studies=3, videos_differ=True, seed=5)
    assert (claims.shown, claims.shown_twice) == (1.0, 1.0)


def test_equal_accuracies_are_equal_on_average_and_their_claims_are_counted() -> None:
    hits = np.stack([draw_hits(50, "usual", 0.0, np.random.default_rng([6, n])).mean(axis=(1, 2)) for n in range(200)])
    gaps = (hits[:, 0::2] - hits[:, 1::2]).ravel()
    assert abs(gaps.mean()) < 4 * gaps.std() / np.sqrt(gaps.size)
    assert 0.6 < hits.mean() < 0.8
    estimator = ask_hits(draw_hits(30, "loud", 0.0, np.random.default_rng(7)))
    found = estimator.difference("a0", "b0", "acc2_has0")
    assert found.estimates is not None
    assert found.estimates.value == pytest.approx(float(np.nanmean(found.first) - np.nanmean(found.second)))
    # Quiet runs on few items: equal differences are claimed where nothing is said of the grain, and not where it is.
    claims = count_accuracy_claims(50, "quiet", 0.0, 40, seed=8)
    assert claims["with the grain"].any_claim <= 0.055 < claims["without the grain"].any_claim
    assert count_accuracy_claims(100, "quiet", 1.0, 2, seed=8)["with the grain"].shown > 0.9
