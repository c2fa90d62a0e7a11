"""How often 95% intervals of a metric of classes contain the truth, on studies with real classifiers.

Two designs. *Folds*: five grouped folds; the truth of the rerun question is the mean over many more seeds given these
data and folds, that of new data the mean over newly drawn data sets of the same size. *Official split*: one training
part, and as many test videos; the truth of new data is what these very runs score on average on newly drawn test parts
of the same size. Runs go through the product as records with predictions; truths are computed from confusion counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.class_worlds import (
    ARMS,
    FULL,
    NAMES,
    NUM_CLASSES,
    ClassData,
    ClassWorld,
    deal_folds,
    draw_data,
    draw_runs,
    fit,
    fit_fold,
    predict,
    probabilities_of,
)
from benchmarks.calibration.coverage import Key, Tally
from benchmarks.calibration.error_rates import describe_arms
from benchmarks.calibration.worlds import COMPONENTS, NUM_FOLDS
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import StudyDescription
from reports.results.estimates import Estimator
from reports.results.group_replicates import GroupReplicates
from reports.results.metrics import find_metric
from reports.results.tabulate import tabulate_results
from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.scores.find import scores_of

SEEDS = (3, 5, 10, 20)
SEEDS_OF_TRUTH = 1_000
SEEDS_OF_DATA = 4
"""Of every data set that the truth of new data is a mean over."""
TEST_SETS = 60
"""Newly drawn test parts that the truth on an official split is a mean over."""

EFFECTS: Mapping[str, Mapping[str, float]] = {
    "score of the full model": {FULL: 1.0},
    **{f"edge {name}": {FULL: 1.0, f"no_{name}": -1.0} for name in COMPONENTS},
}
CLASS_METRICS = ("macro_f1", "uar", "weighted_f1", "acc", "nll", *(f"f1_{name}" for name in NAMES))

CLASS_QUESTIONS = RERUN, NEW_DATA, OFFICIAL = ("rerun", "new data", "new data, official split")

_Runs = Sequence[tuple[int | None, ClassData, FloatArray, npt.NDArray[np.int64]]]
"""Fold, tested clips, what the runs predict of them (A, S, n, K), numbers of the videos."""


def tally_folds(world: ClassWorld, metric: str, num_studies: int, num_targets: int, seed: int) -> Mapping[Key, Tally]:
    """Studies on five folds: the rerun question, and that of new data."""
    expected = _expected_over_data(world, metric, num_targets, np.random.default_rng([seed, 1]))
    tallies: dict[Key, Tally] = defaultdict(Tally)
    for number in range(num_studies):
        random = np.random.default_rng([seed, 2, number])
        data, folds = draw_data(world, world.num_videos, random), deal_folds(world, random)
        runs, given = [], []
        for fold in range(NUM_FOLDS):
            videos = np.flatnonzero(folds == fold)
            tested, fitted = data.of(videos), fit_fold(data, folds, fold)
            runs.append((fold, tested, predict(draw_runs(fitted, SEEDS[-1], random), tested), videos))
            given.append(score(metric, predict(draw_runs(fitted, SEEDS_OF_TRUTH, random), tested), tested).mean(axis=1))
        truths = {RERUN: np.repeat(np.mean(given, axis=0)[None], len(SEEDS), axis=0)}
        truths[NEW_DATA] = np.repeat(expected[None], len(SEEDS), axis=0)
        _take(tallies, world, metric, runs, truths)
    return tallies


def tally_official(world: ClassWorld, metric: str, num_studies: int, seed: int) -> Mapping[Key, Tally]:
    """Studies on one official split: what the very runs would score on other test videos."""
    tallies: dict[Key, Tally] = defaultdict(Tally)
    for number in range(num_studies):
        random = np.random.default_rng([seed, 3, number])
        train, valid, test = (draw_data(world, world.num_videos, random) for _ in range(3))
        runs = draw_runs(fit(train, valid), SEEDS[-1], random)
        others = [draw_data(world, world.num_videos, random) for _ in range(TEST_SETS)]
        by_run = np.mean([score(metric, predict(runs, other), other) for other in others], axis=0)
        truth = np.stack([by_run[:, :count].mean(axis=1) for count in SEEDS])
        tested = [(None, test, predict(runs, test), np.arange(world.num_videos))]
        _take(tallies, world, metric, tested, {OFFICIAL: truth})
    return tallies


def _expected_over_data(world: ClassWorld, metric: str, num_targets: int, random: np.random.Generator) -> FloatArray:
    """(A,) mean scores over newly drawn data sets."""
    found = []
    for _ in range(num_targets):
        data, folds = draw_data(world, world.num_videos, random), deal_folds(world, random)
        for fold in range(NUM_FOLDS):
            tested = data.of(np.flatnonzero(folds == fold))
            runs = draw_runs(fit_fold(data, folds, fold), SEEDS_OF_DATA, random)
            found.append(score(metric, predict(runs, tested), tested).mean(axis=1))
    return np.asarray(np.mean(found, axis=0))


def score(metric: str, predicted: FloatArray, tested: ClassData) -> FloatArray:
    """(A, S) the metric of predictions (A, S, n, K), from confusion counts where it is one of counts."""
    labels, form = tested.classes.ravel(), scores_of("classes", NAMES)[metric]
    if form.num_counted is None:
        of_label = np.take_along_axis(probabilities_of(predicted), labels[None, None, :, None], axis=-1)
        return np.asarray(-np.log(of_label[..., 0]).mean(axis=-1))
    classes = predicted.argmax(axis=-1)  # (A, S, n)
    num_runs = classes.shape[0] * classes.shape[1]
    place = (np.arange(num_runs)[:, None] * NUM_CLASSES + labels) * NUM_CLASSES + classes.reshape(num_runs, -1)
    counts = np.bincount(place.ravel(), minlength=num_runs * NUM_CLASSES**2)
    confusion = counts.reshape(*classes.shape[:2], NUM_CLASSES, NUM_CLASSES).astype(np.float64)
    hits, actual = np.diagonal(confusion, axis1=-2, axis2=-1), confusion.sum(axis=-1)
    return np.asarray(form.from_sums(np.concatenate([hits, confusion.sum(axis=-2), actual], axis=-1)))


def _take(
    tallies: dict[Key, Tally], world: ClassWorld, metric: str, runs: _Runs, truths: Mapping[str, FloatArray]
) -> None:
    """Ask the product with every number of seeds. truths: question -> (numbers of seeds, A)."""
    whole, factor = ask_runs(metric, runs), find_metric(metric).factor
    for place, count in enumerate(SEEDS):
        estimator = _with_seeds(whole, count)
        for effect, weights in EFFECTS.items():
            estimates = estimator.linear_contrast(weights, metric).estimates
            assert estimates is not None
            for question, truth in truths.items():
                asked: Estimate = estimates.rerun if question == RERUN else estimates.new_data
                value = factor * sum(weight * float(truth[place, ARMS.index(arm)]) for arm, weight in weights.items())
                kind = "score" if effect.startswith("score") else "edge"
                tallies[question, count, kind, effect, world.name].add(asked, value)


def ask_runs(metric: str, runs: _Runs) -> Estimator:
    """The product's estimator of records with predictions."""
    return Estimator.from_results(tabulate_results(_describe(metric), list(_records(metric, runs))))


def _describe(metric: str) -> StudyDescription:
    study = describe_arms(ARMS, ())
    data = {"target": {"kind": "classes", "names": list(NAMES)}}
    return replace(study, primary=metric, metrics=(metric,), data=data)


def _records(metric: str, runs: _Runs) -> Iterator[RunRecord]:
    for fold, tested, predicted, videos in runs:
        values, scores = probabilities_of(predicted).astype(np.float32), score(metric, predicted, tested)
        labels = tested.classes.ravel().astype(np.float32)
        groups = tuple(f"{video:04d}" for video in videos for _ in range(tested.classes.shape[1]))
        ids = tuple(map(str, range(labels.size)))
        for arm, name in enumerate(ARMS):
            for seed in range(values.shape[1]):
                made = Predictions(ids, groups, labels, values[arm, seed])
                yield _record(
                    arm=name, seed=seed, fold=fold, metric=metric, value=float(scores[arm, seed]), predictions=made
                )


def _record(arm: str, seed: int, fold: int | None, metric: str, value: float, predictions: Predictions) -> RunRecord:
    num_items = len(predictions.ids)
    return RunRecord(
        study="calibration",
        trial_id=f"{arm}-{seed}-{fold}",
        configuration_id="one",
        arm=arm,
        model="ridge",
        stage="confirm",
        status="completed",
        seed=seed,
        repeat=0,
        fold=fold,
        parameters={},
        settings={},
        valid={},
        test={metric: value},
        fallback_test=None,
        best_epoch=1,
        num_epochs=1,
        num_parameters=1,
        num_train=3 * num_items,
        num_valid=num_items,
        num_test=num_items,
        duration_s=0.0,
        device="cpu",
        predictions=predictions,
    )


def _with_seeds(estimator: Estimator, count: int) -> Estimator:
    """The same study with its first seeds alone."""
    whole = estimator.results
    results = replace(whole, seeds=whole.seeds[:count], scores=whole.scores[:, :count], state=whole.state[:, :count])
    cells = tuple(replace(cell, deleted=cell.deleted[:, :count]) for cell in estimator.replicates.cells)
    return Estimator(results, GroupReplicates(results, cells))
