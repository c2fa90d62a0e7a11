"""Predictions of other code as confirm trials: each is scored once, and nothing is trained for it.

The digest of the prediction file is a setting of the trial, so it is part of the trial's id: other predictions are
another trial, and the ledger tells how many were scored on the test part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.sealed_test import ExternalTraining
from dmd.job import FoldRef, JobResult
from orchestration.external.predictions import ExternalRuns
from search_spaces.terms.trial import EXTERNAL, Cell, Trial


@dataclass(frozen=True)
class ExternalTrial:
    """A trial that no worker runs. score: its result, to be asked for once."""

    trial: Trial
    score: Callable[[], JobResult]


def external_trials(
    external: Mapping[str, ExternalRuns], dataset: Dataset, fold_of: Callable[[Cell], FoldRef], context: str
) -> tuple[ExternalTrial, ...]:
    """The confirm trials of every external arm, seed by seed. context: as of the study's other trials."""
    return tuple(
        _give(arm, seed, cell, values, dataset, fold_of(cell), context)
        for arm in external.values()
        for (seed, cell), values in arm.runs.items()
    )


def _give(
    arm: ExternalRuns,
    seed: int,
    cell: Cell,
    values: npt.NDArray[np.float32],
    dataset: Dataset,
    fold: FoldRef,
    context: str,
) -> ExternalTrial:
    trial = Trial(arm.arm, EXTERNAL, "confirm", arm.settings, {}, seed, cell, context)
    return ExternalTrial(trial, lambda: score_predictions(dataset, fold, values))


def score_predictions(dataset: Dataset, fold: FoldRef, values: npt.NDArray[np.float32]) -> JobResult:
    """What predictions (n,), in the order of the test part of ``fold``, score there. Costs no training."""
    score = dataset.seal_test(fold).score(values, ExternalTraining())
    num_train, num_valid, num_test = dataset.count_parts(fold)
    return JobResult(
        stopped=False,
        best_epoch=0,
        epochs=(),
        valid={},
        test=score.metrics,
        fallback_test=score.fallback,
        fallback_value=score.fallback_value,
        test_predictions=score.predictions,
        num_parameters=0,
        num_train=num_train,
        num_valid=num_valid,
        num_test=num_test,
        duration_s=0.0,
    )
