"""ASHA and Hyperband: trials are compared at rungs, and the best third (or another share) passes.

A rung is a sorted list, so that a decision costs the same after a hundred thousand trials as after a hundred.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import defaultdict
from collections.abc import Sequence

from orchestration.search.objective import Direction
from orchestration.search.stopping.rule import Decision, StoppingRule
from orchestration.search.stopping.rungs import bracket_weights
from reports.records.run_record import Status
from search_spaces.terms.trial import Trial, digest


class HalvingRule:
    """Asynchronous successive halving that never waits: a trial that does not pass its rung when it gets there is
    stopped for good (Li et al. 2020, section 3, in the form of Optuna's ``SuccessiveHalvingPruner``).

    A trial passes if it is among the best ``1 / reduction`` of all that have reached the rung, itself included; while
    they are fewer than ``reduction``, if it is the best.

    Args:
        first_rung: epoch of the first rung; the others stand at ``reduction``, ``reduction**2``, ... times it.
        direction: of the objective.
        reduction: eta of the papers.
    """

    def __init__(self, first_rung: int, direction: Direction, reduction: int) -> None:
        self._first_rung = first_rung
        self._reduction = reduction
        self._sign = 1.0 if direction == "minimize" else -1.0
        self._rungs: defaultdict[int, list[float]] = defaultdict(list)
        self._num_reached: dict[str, int] = {}
        self._decisions: dict[str, dict[int, Decision]] = {}

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        decisions = self._decisions.setdefault(trial.id, {})
        if epoch not in decisions:
            decisions[epoch] = "continue" if self._passes(trial.id, epoch, self._sign * value) else "stop"
        return decisions[epoch]

    def end(self, trial: Trial, status: Status) -> None:
        self._num_reached.pop(trial.id, None)
        self._decisions.pop(trial.id, None)

    def _passes(self, trial_id: str, epoch: int, loss: float) -> bool:
        """Whether the trial passes every rung that it has reached by ``epoch`` and had not reached before."""
        rung = self._num_reached.get(trial_id, 0)
        while epoch >= self._first_rung * self._reduction**rung:
            if math.isnan(loss):
                return False
            losses = self._rungs[rung]
            insort(losses, loss)
            rung = self._num_reached[trial_id] = rung + 1
            num_passing = max(1, len(losses) // self._reduction)
            if loss > losses[num_passing - 1]:
                return False
        return True


class HyperbandRule:
    """Hyperband: several ASHA brackets; the id of a trial alone decides which bracket it runs in.

    (Optuna's own assignment goes by the order in which trials first report, which depends on timing.)
    """

    def __init__(self, brackets: Sequence[StoppingRule], reduction: int) -> None:
        self._brackets = brackets
        self._weights = bracket_weights(len(brackets), reduction)

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
