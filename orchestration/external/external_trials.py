"""Predictions of other code as confirm trials: each is scored once, and nothing is trained for it.

The digest of the prediction file is a setting of the trial, so it is part of the trial's id: other predictions are
another trial, and the ledger tells how many were scored on the test part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.sealed_test import ExternalTraining
from dmd.job import FoldRef, JobResult
from orchestration.external.predictions import ExternalRuns
from search_spaces.terms.trial import EXTERNAL, Cell, Trial


@dataclass(frozen=True)
class ExternalTrial:
    """A confirm trial with predictions of other code, which no worker runs.

    Attributes:
        trial: its place in the study.
        score: computes its result; call it once.
    """

    trial: Trial
    score: Callable[[], JobResult]


def external_trials(
    external: Mapping[str, ExternalRuns], dataset: Dataset, fold_of: Callable[[Cell], FoldRef], context: str
) -> tuple[ExternalTrial, ...]:
    """The confirm trials of every external arm, seed by seed.

    Args:
        external: arm -> its predictions.
        dataset: of the study.
        fold_of: the fold of a cell.
        context: as of the study's other trials.
    """
    return tuple(
        ExternalTrial(
            _make_trial(arm, seed, cell, context),
            score=partial(score_predictions, dataset, fold_of(cell), values),
        )
        for arm in external.values()
        for (seed, cell), values in arm.runs.items()
    )


def _make_trial(arm: ExternalRuns, seed: int, cell: Cell, context: str) -> Trial:
    return Trial(
        arm=arm.arm,
        model=EXTERNAL,
        stage="confirm",
        settings=arm.settings,
        parameters={},
        seed=seed,
        cell=cell,
        context=context,
    )


def score_predictions(dataset: Dataset, fold: FoldRef, values: npt.NDArray[np.float32]) -> JobResult:
    """What predictions score on the test part of a fold. Costs no training.

    Args:
        dataset: of the study.
        fold: whose test part is scored.
        values: (n,) or (n, K) in the order of the test part: in units of the label, or probabilities.
    """
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
