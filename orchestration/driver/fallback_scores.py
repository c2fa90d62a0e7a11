"""Fallback scores: a failed confirm trial scores as the predictor that always answers alike."""

from __future__ import annotations

from dataclasses import replace

from dmd.data.dataset.dataset import Dataset
from dmd.job import FoldRef
from reports.records.run_record import RunRecord


def score_failure(dataset: Dataset, fold: FoldRef, record: RunRecord) -> RunRecord:
    """A failed confirm trial scores as the constant predictor of its fold (honesty rule 5).

    Args:
        dataset: of the study.
        fold: of the trial.
        record: of the trial, without sizes and scores.

    Returns:
        The record with the sizes of the fold's parts, and of a confirm trial with the score of that predictor.
    """
    num_train, num_valid, num_test = dataset.count_parts(fold)
    sized = replace(record, num_train=num_train, num_valid=num_valid, num_test=num_test)
    if record.stage != "confirm":
        return sized
    test = dataset.seal_test(fold)
    return replace(sized, fallback_test=test.score_fallback(), fallback_value=test.fallback_value)
