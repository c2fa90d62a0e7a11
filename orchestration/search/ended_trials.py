"""A sampler that shows stopped and failed trials to samplers which learn from completed trials only.

Optuna's GP and CMA-ES look at completed trials alone. Where every trial fails, or is stopped early, they would learn
nothing and propose the same region again. Here a trial that was stopped early counts with its last value, and one that
failed as worse than every trial that has a value, by one standard deviation of these: enough to tell them apart, and
not so much that it flattens everything else for a Gaussian process. That is worked out anew for every question, from
the history and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from orchestration.search.private_api import study_as_seen


class EndedTrialsSampler(BaseSampler):
    """``sampler`` as it is, for a study in which every trial that has ended has completed."""

    def __init__(self, sampler: BaseSampler) -> None:
        self._sampler = sampler

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._sampler.infer_relative_search_space(_seen(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._sampler.sample_relative(_seen(study), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._sampler.sample_independent(_seen(study), trial, param_name, param_distribution)


def _seen(study: Study) -> Study:
    return study_as_seen(study, complete_all)


def complete_all(trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]) -> list[FrozenTrial]:
    """``trials`` with a value for each that was stopped or has failed, those that run left as they are."""
    known = {trial.number: values for trial in trials if (values := _values_of(trial)) is not None}
    failed = _worse_than(list(known.values()), directions)
    return [
        trial if trial.state != TrialState.PRUNED else _completed(trial, known.get(trial.number, failed))
        for trial in trials
    ]


def _values_of(trial: FrozenTrial) -> list[float] | None:
    if trial.state == TrialState.COMPLETE:
        return list(trial.values)
    if trial.state == TrialState.PRUNED and trial.intermediate_values:
        return [trial.intermediate_values[max(trial.intermediate_values)]]
    return None


def _worse_than(values: Sequence[Sequence[float]], directions: Sequence[StudyDirection]) -> list[float]:
    if not values:
        return [0.0] * len(directions)
    deviation = np.std(values, axis=0)
    margin = np.where(deviation > 0, deviation, 1.0)
    is_minimised = np.array([direction == StudyDirection.MINIMIZE for direction in directions])
    worse = np.where(is_minimised, np.max(values, axis=0) + margin, np.min(values, axis=0) - margin)
    return [float(value) for value in worse]


def _completed(trial: FrozenTrial, values: Sequence[float]) -> FrozenTrial:
    seen = copy.copy(trial)
    seen.state = TrialState.COMPLETE
    seen.values = list(values)
    return seen
