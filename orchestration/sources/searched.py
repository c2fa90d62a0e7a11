"""One search: the trials of one arm in one cell, proposed by Optuna.

Every question is answered by a sampler that is made anew and seeded by (study seed, arm, cell, number of the trial), so
that a proposal depends on the history of the search and on nothing hidden: a source that is restored from a ledger
proposes what the uninterrupted one would have proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import TrialState

from orchestration.objective import Objective
from orchestration.samplers import SearcherName, make_sampler, to_optuna
from reports.record import RunRecord
from search_spaces.distributions import Distribution
from search_spaces.trial import Cell, Trial, Value, digest

optuna.logging.set_verbosity(optuna.logging.ERROR)

Parameters = Mapping[str, Value]

# How often a proposal that is impossible or was made before is replaced: first by the searcher's next proposal, then
# by random ones. A space in which the last random draw fails too is taken to be used up.
NUM_GUIDED_TRIES = 10
NUM_RANDOM_TRIES = 200


@dataclass(frozen=True)
class SearchPlan:
    """What one search is.

    num_trials: its budget. make_trial: parameters -> the trial that tries them. find_conflict: parameters -> a sentence
    saying why they are impossible together, or None.
    """

    arm: str
    cell: Cell
    searcher: SearcherName
    distributions: Mapping[str, Distribution]
    objective: Objective
    num_trials: int
    study_seed: int
    make_trial: Callable[[Parameters], Trial]
    find_conflict: Callable[[Parameters], str | None] = lambda parameters: None


class SearchedSource:
    """A search as a source of trials: never an impossible combination, never the same configuration twice."""

    def __init__(self, plan: SearchPlan) -> None:
        self._plan = plan
        self._distributions = to_optuna(plan.distributions)
        self._study = optuna.create_study(direction=plan.objective.direction, sampler=RandomSampler(seed=0))
        self._running: dict[str, optuna.Trial] = {}
        self._given: set[str] = set()
        self._is_used_up = False

    def ask(self) -> Trial | None:
        if self.is_exhausted:
            return None
        proposal = self._propose()
        if proposal is None:
            self._is_used_up = True
            return None
        trial, optuna_trial = proposal
        self._register(trial, optuna_trial)
        return trial

    def tell(self, record: RunRecord) -> None:
        optuna_trial = self._running.pop(record.trial_id, None)
        if optuna_trial is None:
            return
        if record.status == "pruned" and self._report_last_epoch(optuna_trial, record):
            self._study.tell(optuna_trial, state=TrialState.PRUNED)
            return
        value = self._plan.objective.of_record(record) if record.status == "completed" else None
        if value is None:
            self._study.tell(optuna_trial, state=TrialState.FAIL)
        else:
            self._study.tell(optuna_trial, value)

    def restore(self, trial: Trial) -> None:
        # CMA-ES keeps its state in the trials it proposed, so it has to propose again; the other searchers are
        # functions of parameters and values, and skipping their proposals makes continuing a long study fast.
        if self._plan.searcher == "cmaes" and (proposal := self._propose()) is not None:
            if proposal[0].id == trial.id:
                self._register(*proposal)
                return
            self._study.tell(proposal[1], state=TrialState.FAIL)
        self._study.enqueue_trial(dict(trial.parameters))
        self._register(trial, self._ask_optuna(RandomSampler(seed=0)))

    @property
    def is_exhausted(self) -> bool:
        return self._is_used_up or len(self._given) >= self._plan.num_trials

    def _propose(self) -> tuple[Trial, optuna.Trial] | None:
        for sampler in self._samplers(len(self._given)):
            optuna_trial = self._ask_optuna(sampler)
            parameters: Parameters = optuna_trial.params
            if self._plan.find_conflict(parameters) is None:
                trial = self._plan.make_trial(parameters)
                if trial.id not in self._given:
                    return trial, optuna_trial
            self._study.tell(optuna_trial, state=TrialState.FAIL)
        return None

    def _samplers(self, number: int) -> Iterator[BaseSampler]:
        plan = self._plan
        for attempt in range(NUM_GUIDED_TRIES):
            yield make_sampler(plan.searcher, self._seed(number, attempt), plan.num_trials)
        sampler = RandomSampler(seed=self._seed(number, NUM_GUIDED_TRIES))
        for _ in range(NUM_RANDOM_TRIES):
            yield sampler

    def _seed(self, number: int, attempt: int) -> int:
        plan = self._plan
        return int(digest([plan.study_seed, plan.arm, plan.cell.name, number, attempt], 8), 16)

    def _ask_optuna(self, sampler: BaseSampler) -> optuna.Trial:
        self._study.sampler = sampler
        distributions: dict[str, BaseDistribution] = dict(self._distributions)
        return self._study.ask(distributions)

    def _register(self, trial: Trial, optuna_trial: optuna.Trial) -> None:
        self._running[trial.id] = optuna_trial
        self._given.add(trial.id)

    def _report_last_epoch(self, optuna_trial: optuna.Trial, record: RunRecord) -> bool:
        for point in reversed(record.epochs):
            value = self._plan.objective.of_epoch(point.metrics)
            if value is not None:
                optuna_trial.report(value, point.epoch)
                return True
        return False
