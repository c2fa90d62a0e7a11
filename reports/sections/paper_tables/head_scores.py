"""Predictions inside a model as arms of their own: what its auxiliary heads score, with the intervals of any arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.records.details import ReadDetails
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.results.estimates import Estimator
from reports.results.results import ResultsTable
from reports.results.tabulate import tabulate_results
from reports.statistics.scores.numbers import NUMBER_SCORES

_AGREEMENT = 1e-4
"""Largest gap between a recorded score and the one computed again from float32 predictions."""


@dataclass(frozen=True)
class HeadScores:
    """Heads as arms: ``arms`` maps what a head is for to the name that ``estimator`` knows it by."""

    estimator: Estimator
    arms: Mapping[str, str]


def score_heads(
    study: StudyDescription,
    results: ResultsTable,
    arm: str,
    heads: Mapping[str, str],
    metrics: Sequence[str],
    read_details: ReadDetails,
) -> HeadScores | None:
    """The scores of auxiliary heads of an arm on the test part.

    Args:
        study, results: what was planned, and the runs.
        arm: by name.
        heads: what a head is for -> its name in the details of a trial.
        metrics: by name.
        read_details: trial id -> what it kept of every test item.

    Returns:
        The scores; None where a completed run kept no details of every head, or where the metrics computed from its own
            predictions are not the recorded ones: a mean over some of the runs would be another number than the table
            says.
    """
    records: list[RunRecord] = []
    for record in _runs_of(results, arm):
        if record.test is None or record.predictions is None:
            records += [replace(record, arm=name, trial_id=f"{record.trial_id}/{name}") for name in heads]
            continue
        details = read_details(record.trial_id)
        if details is None or any(name not in details for name in heads.values()):
            return None
        if not _reproduces(record.predictions, record.test, metrics, study.neutral):
            return None
        for name, key in heads.items():
            values = np.asarray(details[key], dtype=np.float32)
            if values.shape != record.predictions.labels.shape:
                return None
            predictions = replace(record.predictions, values=values)
            test = {metric: score(predictions, metric, study.neutral) for metric in metrics}
            trial_id = f"{record.trial_id}/{name}"
            records.append(replace(record, arm=name, trial_id=trial_id, test=test, predictions=predictions))
    if not any(record.test is not None for record in records):
        return None
    return HeadScores(_questions(study, arm, tuple(heads), metrics, records), {name: name for name in heads})


def score(predictions: Predictions, metric: str, neutral: float) -> float:
    """One metric of predictions.

    Args:
        predictions: of one part of the data.
        metric: by name.
        neutral: the label between negative and positive.
    """
    labels, values = predictions.centred(neutral)
    form = NUMBER_SCORES[metric]
    return float(form.from_sums(form.contributions(labels, values).sum(axis=0)))


def _runs_of(results: ResultsTable, arm: str) -> list[RunRecord]:
    return [record for _, record in sorted(results.runs_of(arm).items(), key=lambda item: item[0])]


def _reproduces(predictions: Predictions, test: Mapping[str, float], metrics: Sequence[str], neutral: float) -> bool:
    return all(
        metric in test and abs(score(predictions, metric, neutral) - test[metric]) <= _AGREEMENT for metric in metrics
    )


def _questions(
    study: StudyDescription, arm: str, names: Sequence[str], metrics: Sequence[str], records: Sequence[RunRecord]
) -> Estimator:
    places = [replace(place, arm=name) for place in study.planned if place.arm == arm for name in names]
    return Estimator.from_results(tabulate_results(_study_of(study, names, metrics, places), records))


def _study_of(
    study: StudyDescription, names: Sequence[str], metrics: Sequence[str], places: Sequence[PlannedCell]
) -> StudyDescription:
    """The same study with other arms."""
    return replace(
        study,
        arms=tuple(ArmDescription(name=name, label=name, role="model", model=name, components={}) for name in names),
        baseline=names[0],
        contrasts=(),
        primary=metrics[0],
        metrics=tuple(metrics),
        planned=tuple(places),
    )
