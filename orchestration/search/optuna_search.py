"""One search: the trials of one arm in one cell, proposed by Optuna.

Every question is answered by a sampler that is made anew and seeded by (study seed, arm, cell, number of the trial), so
that a proposal depends on the history of the search and on nothing hidden: a source that is restored from a ledger
proposes what the uninterrupted one would have proposed.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import optuna
from optuna.samplers import RandomSampler

from orchestration.search.history import SearchHistory, has_bounded_history
from orchestration.search.objective import Objective, ObjectiveOrCost
from orchestration.search.samplers import SearcherName, make_sampler, suggest
from reports.records.run_record import RunRecord
from search_spaces.design.arm_searches import MAX_CASES
from search_spaces.design.proposals import expand_grid, grid_size
from search_spaces.schema.distributions import Choice, Distribution, IntRange
from search_spaces.terms.trial import Cell, Trial, Value, digest

Parameters = Mapping[str, Value]

# How often a proposal that is impossible or was made before is replaced: first by the searcher's next proposal, then,
# where the space is finite, by what is left of it, else by random ones. A space in which the last random draw fails too
# is taken to be used up.
NUM_GUIDED_TRIES = 10
NUM_RANDOM_TRIES = 200


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """What one search is.

    Attributes:
        arm: name of the arm that is searched.
        cell: the fold.
        searcher: name of the sampler.
        distributions: of every searched parameter, after those that its activity depends on.
        objective: what is optimised.
        num_trials: the search's budget.
        study_seed: seeds every proposal, together with arm, fold and number of the trial.
        make_trial: parameters -> the trial that tries them.
        find_conflict: parameters -> a sentence saying why they are impossible together, or None.
        is_active: (parameter, values so far) -> whether it has an effect with them.
        is_conditional: whether some parameters are active only under values of others.
        secondary_objectives: traded off against the objective.
        starting_points: configurations, whole or in part, that are tried first.
        complete: a trial of this search -> its value of every parameter that is active in it, also of those that were
            fixed when it was asked for.
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
    is_active: Callable[[str, Parameters], bool] = lambda name, parameters: True
    is_conditional: bool = False
    secondary_objectives: tuple[ObjectiveOrCost, ...] = ()
    starting_points: tuple[Parameters, ...] = ()
    complete: Callable[[Trial], Parameters] = lambda trial: trial.parameters

    @property
    def objectives(self) -> tuple[ObjectiveOrCost, ...]:
        return (self.objective, *self.secondary_objectives)


class SearchedSource:
    """A search as a source of trials: never an impossible combination, never the same configuration twice."""

    def __init__(self, plan: SearchPlan) -> None:
        self._plan = plan
        directions = [objective.direction for objective in plan.objectives]
        self._history = SearchHistory(directions, self._suggest_all, has_bounded_history(plan.searcher))
        self._starting_points = deque(dict(start) for start in plan.starting_points)
        self._given: set[str] = set()
        self._is_used_up = False

    def ask(self) -> Trial | None:
        if self.is_exhausted:
            return None
        proposal = self._propose()
        if proposal is None:
            self._is_used_up = True
            return None
        return self._give(*proposal)

    def tell(self, record: RunRecord) -> None:
        if record.is_lost:
            self._history.drop(record.trial_id)
        elif record.status == "completed":
            self._complete(record)
        elif record.status == "pruned":
            self._prune(record)
        else:
            self._history.fail(record.trial_id)

    def _complete(self, record: RunRecord) -> None:
        values = [objective.of_record(record) for objective in self._plan.objectives]
        known = [value for value in values if value is not None]
        if len(known) == len(values):
            self._history.complete(record.trial_id, known)
        elif values[0] is None:
            self._history.fail(record.trial_id)
        else:
            self._history.drop(record.trial_id)

    def _prune(self, record: RunRecord) -> None:
        last = self._last_epoch(record)
        if last is None or self._plan.secondary_objectives:
            # A trial that was stopped early has no costs of a whole trial: a trade-off cannot learn from it.
            self._history.drop(record.trial_id)
        elif math.isfinite(last[1]):
            self._history.prune(record.trial_id, *last)
        else:
            self._history.fail(record.trial_id)

    def restore(self, trial: Trial) -> None:
        self._drop_starting_points_before(trial)
        # CMA-ES keeps its state in the trials it proposed, so it has to propose again; the other searchers are
        # functions of parameters and values, and skipping their proposals makes continuing a long study fast.
        if self._plan.searcher == "cmaes" and (proposal := self._propose_guided()) is not None:
            if proposal[0].id == trial.id:
                self._give(*proposal)
                return
            self._history.refuse(proposal[1])
        self._give(trial, self._history.propose(RandomSampler(seed=0), dict(self._plan.complete(trial))))

    @property
    def is_exhausted(self) -> bool:
        return self._is_used_up or len(self._given) >= self._plan.num_trials

    def _propose(self) -> tuple[Trial, optuna.Trial] | None:
        return self._propose_starting_point() or self._propose_guided() or self._propose_rest()

    def _propose_starting_point(self) -> tuple[Trial, optuna.Trial] | None:
        while self._starting_points:
            start = self._starting_points.popleft()
            for attempt in range(NUM_GUIDED_TRIES):
                if (proposal := self._try(attempt, start)) is not None:
                    return proposal
        return None

    def _propose_guided(self) -> tuple[Trial, optuna.Trial] | None:
        proposals = (self._try(attempt) for attempt in range(NUM_GUIDED_TRIES))
        return next(filter(None, proposals), None)

    def _propose_rest(self) -> tuple[Trial, optuna.Trial] | None:
        sampler = RandomSampler(seed=self._seed(NUM_GUIDED_TRIES))
        rest = self._finite_rest()
        if rest is None:
            proposals = (self._check(self._history.propose(sampler)) for _ in range(NUM_RANDOM_TRIES))
        else:
            proposals = (self._check(self._history.propose(sampler, parameters)) for parameters in rest)
        return next(filter(None, proposals), None)

    def _finite_rest(self) -> Iterator[dict[str, Value]] | None:
        """Every configuration in a random order; None if there are too many, or infinitely many."""
        distributions = self._plan.distributions
        most = max((d.high - d.low + 1 for d in distributions.values() if isinstance(d, IntRange)), default=1)
        is_finite = all(isinstance(d, (Choice, IntRange)) for d in distributions.values())
        if not is_finite or grid_size(distributions, most) > MAX_CASES:
            return None
        points = list(expand_grid(distributions, MAX_CASES))
        random.Random(self._seed(NUM_GUIDED_TRIES)).shuffle(points)
        return iter(points)

    def _try(self, attempt: int, fixed: dict[str, Value] | None = None) -> tuple[Trial, optuna.Trial] | None:
        plan = self._plan
        sampler = make_sampler(plan.searcher, self._seed(attempt), plan.num_trials, plan.is_conditional)
        return self._check(self._history.propose(sampler, fixed))

    def _check(self, optuna_trial: optuna.Trial) -> tuple[Trial, optuna.Trial] | None:
        """The proposal if it can run and is new; it is refused otherwise."""
        parameters: Parameters = optuna_trial.params
        if self._plan.find_conflict(parameters) is None:
            trial = self._plan.make_trial(parameters)
            if trial.id not in self._given:
                return trial, optuna_trial
        self._history.refuse(optuna_trial)
        return None

    def _seed(self, attempt: int) -> int:
        plan = self._plan
        return int(digest([plan.study_seed, plan.arm, plan.cell.name, len(self._given), attempt], 8), 16)

    def _suggest_all(self, optuna_trial: optuna.Trial) -> None:
        chosen: dict[str, Value] = {}
        for name, distribution in self._plan.distributions.items():
            if self._plan.is_active(name, chosen):
                chosen[name] = suggest(optuna_trial, name, distribution)

    def _give(self, trial: Trial, optuna_trial: optuna.Trial) -> Trial:
        self._history.keep(trial.id, optuna_trial)
        self._given.add(trial.id)
        return trial

    def _drop_starting_points_before(self, trial: Trial) -> None:
        """Starting points up to the one that ``trial`` came from are done; those passed over were refused.

        A trial that came from none of them leaves those that the study was given since.
        """
        parameters = self._plan.complete(trial)
        for number, start in enumerate(self._starting_points, 1):
            if all(parameters.get(name, value) == value for name, value in start.items()):
                for _ in range(number):
                    self._starting_points.popleft()
                return

    def _last_epoch(self, record: RunRecord) -> tuple[int, float] | None:
        for point in reversed(record.epochs):
            value = self._plan.objective.of_epoch(point.metrics)
            if value is not None:
                return point.epoch, value
        return None
