"""When to stop a trial early: Optuna's pruners, one per arm, cell and stage.

A trial is compared with trials of the same arm and cell only, so that a slow-learning ablation is not killed by a fast
one. The clock is our epoch. Confirm trials are never stopped. The state is rebuilt by replaying the ledger's reports.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import optuna
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from orchestration.objective import Direction
from reports.record import Status
from search_spaces.trial import Cell, Stage, Trial, digest

optuna.logging.set_verbosity(optuna.logging.ERROR)

Decision = Literal["continue", "stop"]
SchedulerName = Literal["none", "asha", "hyperband", "median"]

REDUCTION_FACTOR = 3


class StoppingRule(Protocol):
    """Decides after every epoch of a trial whether it goes on."""

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        """``trial`` has reached ``value`` after ``epoch``. An epoch reported again changes nothing."""
        ...

    def end(self, trial: Trial, status: Status) -> None:
        """``trial`` has ended."""
        ...


class NeverStop:
    """Every trial runs to its end."""

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        return "continue"

    def end(self, trial: Trial, status: Status) -> None:
        """Nothing to remember."""


class PrunerRule:
    """One pruner over the trials of one arm, cell and stage."""

    def __init__(self, pruner: BasePruner, direction: Direction) -> None:
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


class HyperbandRule:
    """Hyperband: several ASHA brackets; the id of a trial alone decides which bracket it runs in.

    (Optuna's own assignment goes by the order in which trials first report, which depends on timing.) Brackets get
    trials in proportion to ceil(B eta^s / (s + 1)) with s = B - 1 - bracket, as in Algorithm 1 of Li et al. (2018).
    """

    def __init__(self, brackets: Sequence[StoppingRule]) -> None:
        self._brackets = brackets
        self._weights = bracket_weights(len(brackets))

    def bracket_of(self, trial: Trial) -> int:
        """Index of the bracket of ``trial``, 0 the one that stops earliest."""
        point = int(digest(["bracket", trial.id], 8), 16) % sum(self._weights)
        for bracket, weight in enumerate(self._weights):
            point -= weight
            if point < 0:
                return bracket
        raise AssertionError("the weights do not add up")

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        return self._brackets[self.bracket_of(trial)].report(trial, epoch, value)

    def end(self, trial: Trial, status: Status) -> None:
        self._brackets[self.bracket_of(trial)].end(trial, status)


class StudyStopping:
    """The stopping rules of a study: a rule of its own for every arm, cell and stage, made when it is first needed."""

    def __init__(self, make_rule: Callable[[], StoppingRule]) -> None:
        self._make_rule = make_rule
        self._rules: dict[tuple[str, Cell, Stage], StoppingRule] = {}

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        return self._rule_of(trial).report(trial, epoch, value)

    def end(self, trial: Trial, status: Status) -> None:
        self._rule_of(trial).end(trial, status)

    def _rule_of(self, trial: Trial) -> StoppingRule:
        key = (trial.arm, trial.cell, trial.stage)
        if key not in self._rules:
            self._rules[key] = NeverStop() if trial.stage == "confirm" else self._make_rule()
        return self._rules[key]


def make_stopping(name: SchedulerName, direction: Direction, max_epochs: int) -> StudyStopping:
    """The stopping rules called ``name`` for trials of at most ``max_epochs`` epochs.

    asha: rungs at a tenth of the epochs (at least 1) times 1, 3, 9, ...; a third of the trials passes each.
    hyperband: the same with brackets that begin at later and later rungs.
    median: from the sixth trial on and after a tenth of the epochs, the worse half of the completed ones is stopped.
    """
    grace = max(1, max_epochs // 10)
    if name == "none":
        return StudyStopping(NeverStop)
    if name == "asha":
        return StudyStopping(lambda: PrunerRule(_halving(grace, 0), direction))
    if name == "hyperband":
        num_brackets = math.floor(math.log(max(1, max_epochs / grace), REDUCTION_FACTOR) + 1e-9) + 1
        return StudyStopping(
            lambda: HyperbandRule([PrunerRule(_halving(grace, rung), direction) for rung in range(num_brackets)])
        )
    return StudyStopping(lambda: PrunerRule(MedianPruner(n_startup_trials=5, n_warmup_steps=grace), direction))


def share_of_epochs(name: SchedulerName, max_epochs: int) -> float:
    """The share of all epochs that trials run under the rule called ``name``, if it saw all of them at once."""
    grace = max(1, max_epochs // 10)
    if name == "none":
        return 1.0
    if name == "median":
        return (1.0 + grace / max_epochs) / 2
    num_brackets = math.floor(math.log(max(1, max_epochs / grace), REDUCTION_FACTOR) + 1e-9) + 1
    shares = [_share_of_bracket(grace, rung, max_epochs) for rung in range(num_brackets)]
    if name == "asha":
        return shares[0]
    weights = bracket_weights(num_brackets)
    return sum(weight * share for weight, share in zip(weights, shares, strict=True)) / sum(weights)


def _share_of_bracket(grace: int, first_rung: int, max_epochs: int) -> float:
    """A third of the trials passes each rung."""
    epochs, passed, reached = 0.0, 1.0, 0
    rung = grace * REDUCTION_FACTOR**first_rung
    while rung < max_epochs:
        epochs, passed, reached = epochs + passed * (rung - reached), passed / REDUCTION_FACTOR, rung
        rung *= REDUCTION_FACTOR
    return (epochs + passed * (max_epochs - reached)) / max_epochs


def bracket_weights(num: int) -> list[int]:
    """Shares of trials that Hyperband's brackets get, the one that stops earliest first."""
    return [math.ceil(num * REDUCTION_FACTOR**s / (s + 1)) for s in reversed(range(num))]


def _halving(grace: int, first_rung: int) -> SuccessiveHalvingPruner:
    return SuccessiveHalvingPruner(
        min_resource=grace, reduction_factor=REDUCTION_FACTOR, min_early_stopping_rate=first_rung
    )
