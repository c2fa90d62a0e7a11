"""The median rule: Optuna's pruner, asked on our clock, which is the epoch."""

from __future__ import annotations

import math

import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from orchestration.process.logs import quiet_optuna
from orchestration.search.objective import Direction
from orchestration.search.stopping.rule import Decision
from reports.records.run_record import Status
from search_spaces.terms.trial import Trial


class MedianRule:
    """Stops trials that are worse than the median of the completed ones, once there are ``min_trials`` and after
    ``first_epoch``."""

    def __init__(self, first_epoch: int, direction: Direction, min_trials: int) -> None:
        pruner = MedianPruner(n_startup_trials=min_trials, n_warmup_steps=first_epoch)
        quiet_optuna()
        self._study = optuna.create_study(direction=direction, pruner=pruner, sampler=RandomSampler(seed=0))
        self._trials: dict[str, optuna.Trial] = {}
        self._decisions: dict[str, dict[int, Decision]] = {}
        self._last: dict[str, float] = {}

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        decisions = self._decisions.setdefault(trial.id, {})
        if epoch in decisions:
            return decisions[epoch]
        if trial.id not in self._trials:
            self._trials[trial.id] = self._study.ask()
        optuna_trial = self._trials[trial.id]
        optuna_trial.report(value, epoch)
        self._last[trial.id] = value
        decision: Decision = "stop" if optuna_trial.should_prune() else "continue"
        decisions[epoch] = decision
        return decision

    def end(self, trial: Trial, status: Status) -> None:
        optuna_trial = self._trials.pop(trial.id, None)
        if optuna_trial is None:
            return
        value = self._last.pop(trial.id)
        del self._decisions[trial.id]
        if status == "completed" and math.isfinite(value):
            self._study.tell(optuna_trial, value)
        else:
            self._study.tell(optuna_trial, state=TrialState.PRUNED if status == "pruned" else TrialState.FAIL)
