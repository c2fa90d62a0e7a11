"""The stopping rules of a study, by name.

A trial is compared with trials of the same arm and cell only, so that a slow-learning ablation is not killed by a fast
one. The clock is our epoch. Confirm trials are never stopped. The state is rebuilt by replaying the ledger's reports.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestration.search.objective import Direction
from orchestration.search.stopping.median import MedianRule
from orchestration.search.stopping.rule import Decision, NeverStop, StoppingRule
from orchestration.search.stopping.rungs import bracket_weights, first_rungs, share_of_bracket
from orchestration.search.stopping.successive_halving import HalvingRule, HyperbandRule
from reports.records.run_record import Status
from search_spaces.schema.schedulers import Scheduler
from search_spaces.terms.trial import Cell, Stage, Trial


class StudyStopping:
    """A rule of its own for every arm, cell and stage, made when it is first needed."""

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


def make_stopping(scheduler: Scheduler, direction: Direction, max_epochs: int) -> StudyStopping:
    """The stopping rules of a study.

    Args:
        scheduler: ``asha``: rungs at ``grace`` epochs times 1, ``reduction``, ``reduction**2``, ...; one in
            ``reduction`` trials passes each. ``hyperband``: the same with brackets that begin at later and later rungs.
            ``median``: once ``min_trials`` are completed and after ``grace`` epochs, the worse half is stopped.
            ``none``: nothing is stopped.
        direction: of the objective.
        max_epochs: of a trial.
    """
    first, reduction = scheduler.first_epoch(max_epochs), scheduler.reduction
    rungs = first_rungs(first, max_epochs, reduction)
    match scheduler.name:
        case "none":
            return StudyStopping(NeverStop)
        case "asha":
            return StudyStopping(lambda: HalvingRule(first, direction, reduction))
        case "hyperband":
            return StudyStopping(
                lambda: HyperbandRule([HalvingRule(rung, direction, reduction) for rung in rungs], reduction)
            )
        case "median":
            return StudyStopping(lambda: MedianRule(first, direction, scheduler.min_trials))


def share_of_epochs(scheduler: Scheduler, max_epochs: int) -> float:
    """The share of all epochs that trials run under the rule, if it saw all of them at once."""
    first, reduction = scheduler.first_epoch(max_epochs), scheduler.reduction
    if scheduler.name == "none":
        return 1.0
    if scheduler.name == "median":
        return (1.0 + min(first / max_epochs, 1.0)) / 2
    shares = [share_of_bracket(rung, max_epochs, reduction) for rung in first_rungs(first, max_epochs, reduction)]
    if scheduler.name == "asha":
        return shares[0]
    weights = bracket_weights(len(shares), reduction)
    return sum(weight * share for weight, share in zip(weights, shares, strict=True)) / sum(weights)
