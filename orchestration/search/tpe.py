"""TPE for a search in which every trial has every parameter: Optuna's, without its walks over all earlier trials.

Optuna's sampler visits every trial of the search some ten times for one proposal, which after 500 trials is more than
half of what a proposal costs. Here a trial is read once, when it has finished. Estimators, candidates and the choice
among them stay Optuna's, and so do the proposals (tested).

A trial that failed is told as stopped before its first epoch: Optuna ranks it behind every other one, and so does this.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from orchestration.search.private_api import parts_of

_FIRST_PARAMETER = 4
"""Column; before it a trial's number and what it is ranked by."""
_MOST_GOOD = 25
"""A tenth of the finished trials are good, at most these; as in Optuna."""

SearchSpace = Mapping[str, BaseDistribution]


class UniformTPESampler(TPESampler):
    """See the module. With several objectives it is Optuna's sampler as it stands."""

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(_history_of(study).space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        if len(study.directions) > 1:
            return dict(super().sample_relative(study, trial, search_space))
        parts = parts_of(self)
        if parts is None:
            return dict(super().sample_relative(study, trial, search_space))
        history = _history_of(study)
        if not search_space or history.num_finished < parts.num_startup:
            return {}
        good, others = (dict(zip(search_space, rows.T, strict=True)) for rows in history.split(trial.number))
        return parts.propose(search_space, good, others)


class _History:
    """The trials of one study as numbers: for each that has finished a row of its number, what it is ranked by (three
    columns) and its parameters."""

    def __init__(self) -> None:
        self.space: SearchSpace = {}
        """The parameters that have more than one value, by name; empty before a trial has finished."""
        self._rows: NDArray[Any] = np.empty((0, _FIRST_PARAMETER))
        self._num_seen = 0
        self._open: list[FrozenTrial] = []

    @property
    def num_finished(self) -> int:
        return len(self._rows)

    def read(self, study: Study) -> None:
        """Take in what has happened since the last time."""
        trials = study.get_trials(deepcopy=False)
        changed = [*(trials[trial.number] for trial in self._open), *trials[self._num_seen :]]
        self._num_seen = len(trials)
        self._open = [trial for trial in changed if not trial.state.is_finished()]
        finished = [trial for trial in changed if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
        if finished and not self.space:
            distributions = sorted(finished[0].distributions.items())
            self.space = {name: distribution for name, distribution in distributions if not distribution.single()}
            self._rows = np.empty((0, _FIRST_PARAMETER + len(self.space)))
        sign = -1.0 if study.directions[0] == StudyDirection.MAXIMIZE else 1.0
        self._rows = np.concatenate([self._rows, *(self._row(trial, _rank(trial, sign)) for trial in finished)])

    def split(self, asking: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Parameters of the good trials and of the others in the order of their numbers, by which TPE weighs them.

        Running trials count among the others (the constant liar), without the one whose number is ``asking``.
        """
        number, *ranks = self._rows.T[:_FIRST_PARAMETER]
        by_rank = self._rows[np.lexsort((number, *reversed(ranks)))]
        num_good = min(math.ceil(0.1 * self.num_finished), _MOST_GOOD)
        running = [trial for trial in self._open if trial.state == TrialState.RUNNING and trial.number != asking]
        good, others = by_rank[:num_good], by_rank[num_good:]
        bad = np.concatenate([others, *map(self._row, running)])
        return _parameters_by_number(good), _parameters_by_number(bad)

    def _row(self, trial: FrozenTrial, rank: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> NDArray[Any]:
        parameters = (space.to_internal_repr(trial.params[name]) for name, space in self.space.items())
        return np.array([[trial.number, *rank, *parameters]])


_HISTORIES: WeakKeyDictionary[Study, _History] = WeakKeyDictionary()


def _history_of(study: Study) -> _History:
    history = _HISTORIES.setdefault(study, _History())
    history.read(study)
    return history


def _parameters_by_number(rows: NDArray[Any]) -> NDArray[Any]:
    return rows[np.argsort(rows[:, 0]), _FIRST_PARAMETER:]


def _rank(trial: FrozenTrial, sign: float) -> tuple[float, float, float]:
    """Smaller is better: completed trials by their value, then stopped ones, those that got further before others; a
    trial that failed got nowhere."""
    if trial.state == TrialState.COMPLETE:
        return 0.0, 0.0, sign * trial.values[0]
    if not trial.intermediate_values:
        return 1.0, 1.0, 0.0
    epoch, value = max(trial.intermediate_values.items())
    return 1.0, -float(epoch), math.inf if math.isnan(value) else sign * value
