"""Optuna's importance evaluators, asked about resamples of a search.

Parameters are handed over in unit coordinates: a log-uniform parameter then weighs its range as the search drew from
it, where Optuna's fANOVA would integrate over the raw scale and see almost only the upper decade.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from optuna.trial import FrozenTrial, TrialState

from orchestration.process.logs import quiet_optuna
from reports.sections.hyperparameters.importance_method import Sample
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.arrays import FloatArray

# Main effects need no deeper trees, and single shallow ones do not learn the noise of small searches by heart.
NUM_TREES, MAX_DEPTH = 8, 4
# PED-ANOVA compares the best tenth of the trials with all; its authors advise at least five trials in it.
BEST_SHARE, FEWEST_BEST = 0.1, 5

MakeEvaluator = Callable[[int, int], BaseImportanceEvaluator]
"""(number of trials, seed) -> evaluator."""


def make_fanova(num_trials: int, seed: int) -> BaseImportanceEvaluator:
    return FanovaImportanceEvaluator(n_trees=NUM_TREES, max_depth=MAX_DEPTH, seed=seed)


def make_ped_anova(num_trials: int, seed: int) -> BaseImportanceEvaluator:
    return PedAnovaImportanceEvaluator(target_quantile=min(0.5, max(BEST_SHARE, FEWEST_BEST / num_trials)))


class _ResampledStudy(optuna.Study):
    """A study whose trials are given; putting every resample into Optuna's storage takes longer than judging it."""

    def __init__(self) -> None:
        quiet_optuna()
        storage = optuna.storages.InMemoryStorage()
        super().__init__(optuna.create_study(storage=storage, direction="minimize").study_name, storage)
        self.sampled: list[FrozenTrial] = []

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        return [trial for trial in self.sampled if states is None or trial.state in states]


def evaluate(
    make_evaluator: MakeEvaluator,
    parameters: Sequence[SearchedParameter],
    units: FloatArray,
    samples: Sequence[Sample],
    *,
    handles_conditions: bool,
) -> FloatArray:
    """(B, P) shares; NaN for a parameter that some trials do not have, unless the evaluator handles these.

    Each sample has an evaluator of its own, seeded by its index, so that equal questions get equal answers. Losses that
    are all alike are divided evenly.

    Args:
        make_evaluator: makes that of a sample.
        parameters: P of them.
        units: (n, P), NaN where a trial does not have the parameter.
        samples: B of them.
        handles_conditions: whether the evaluator judges parameters that some trials do not have.
    """
    judged = [j for j in range(len(parameters)) if handles_conditions or np.isfinite(units[:, j]).all()]
    shares = np.full((len(samples), len(parameters)), np.nan)
    if not judged:
        return shares
    names = [parameters[j].name for j in judged]
    distributions = {name: _distribution(parameters[j]) for name, j in zip(names, judged, strict=True)}
    values = [_values_of(row, judged, parameters) for row in units]
    study = _ResampledStudy()
    for index, sample in enumerate(samples):
        if np.ptp(sample.losses) == 0:
            shares[index, judged] = 1 / len(judged)
            continue
        study.sampled = _trials(sample, values, distributions)
        evaluator = make_evaluator(len(study.sampled), index)
        found = get_param_importances(study, evaluator=evaluator)
        shares[index, judged] = [float(found.get(name, 0.0)) for name in names]
    return shares


class _UnitRange(FloatDistribution):
    """From 0 to 1. One object stands for one parameter: comparing contents in every trial is half of the work."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


class _Options(CategoricalDistribution):
    """The indices of a choice; compared as objects, as above."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def _distribution(parameter: SearchedParameter) -> BaseDistribution:
    return _UnitRange(0.0, 1.0) if parameter.is_numeric else _Options(tuple(range(len(parameter.options))))


def _values_of(row: FloatArray, judged: Sequence[int], parameters: Sequence[SearchedParameter]) -> dict[str, Any]:
    """The parameters that one trial has, in Optuna's words."""
    return {
        parameters[j].name: float(row[j]) if parameters[j].is_numeric else int(row[j])
        for j in judged
        if np.isfinite(row[j])
    }


def _trials(
    sample: Sample, values: Sequence[dict[str, Any]], distributions: dict[str, BaseDistribution]
) -> list[FrozenTrial]:
    # A trial that was drawn twice is two trials: numbers and ids are those of the sample.
    return [
        FrozenTrial(
            number=number,
            trial_id=number,
            state=TrialState.COMPLETE,
            value=float(loss),
            datetime_start=None,
            datetime_complete=None,
            params=values[row],
            distributions={name: distributions[name] for name in values[row]},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
        )
        for number, (row, loss) in enumerate(zip(sample.rows.tolist(), sample.losses.tolist(), strict=True))
    ]
