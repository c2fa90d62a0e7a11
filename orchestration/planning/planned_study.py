"""A study that could start now, and the source of its trials. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dmd.metrics import HIGHER_IS_BETTER
from dmd.scoring import Scoring
from dmd.training.profile_job import JobFacts
from orchestration.executors.dmd_runner import DmdRunner
from orchestration.external.predictions import ExternalRuns
from orchestration.machine.startup_time import StartUp
from orchestration.planning.text_encoders import TextEncoders
from orchestration.search.listed import ListedSource
from orchestration.search.objective import COSTS, Objective, ObjectiveOrCost
from orchestration.search.optuna_search import SearchedSource, SearchPlan
from orchestration.search.seed_budget import SeedBudget
from orchestration.search.stagnation import StagnationLimit
from orchestration.search.study_source import ArmFold, StudySource
from orchestration.search.trial_source import TrialSource
from search_spaces.design.arm_searches import (
    ArmSearch,
    drop_inactive,
    find_impossible,
    propose_grid,
    starting_points_of,
)
from search_spaces.design.contrasts import ContrastPair
from search_spaces.design.plan import (
    StudySize,
    inherit,
    plan_confirm_trials,
    plan_grid_trials,
    search_seed,
)
from search_spaces.design.settings import full_settings
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.trial import Arm, Cell, Trial, Value


@dataclass(frozen=True)
class PlannedStudy:
    """A study that could start now.

    context: digest of all that decides a trial's result besides its settings and seed. searches: arm name -> what is
    searched for it, and by whom. facts: arm name -> what its model is and how fast it is here, for trained arms.
    scoring: what predictions are scored by. cautions: what the data keep the study from saying, in sentences.
    external: arm name -> its predictions, for the others. encoders: what token ids are read with, where an arm reads
    them. only: names of the arms that are confirmed in this session; empty: all.
    The study is the same one whatever runs of it now. start_up: until workers will be ready. tried_on: the device that
    the facts are of, which is not the one of the trials where only the nodes of a cluster have it.
    """

    space: SearchSpace
    catalogue: Catalogue
    arms: tuple[Arm, ...]
    contrasts: tuple[ContrastPair, ...]
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    searches: Mapping[str, ArmSearch]
    size: StudySize
    facts: Mapping[str, JobFacts]
    scoring: Scoring
    cautions: tuple[str, ...]
    runner: DmdRunner
    context: str
    external: Mapping[str, ExternalRuns] = field(default_factory=dict)
    encoders: TextEncoders | None = None
    only: frozenset[str] = frozenset()
    start_up: StartUp = field(default_factory=StartUp)
    tried_on: str = "cpu"

    @property
    def num_trials(self) -> int:
        """Trials of this session: those that run here, and one per given run."""
        return self.size.num_trials + sum(len(runs.runs) for runs in self.external_runs.values())

    @property
    def external_runs(self) -> dict[str, ExternalRuns]:
        """The predictions of other code that are scored in this session, by arm."""
        return {arm.name: self.external[arm.name] for arm in self.running_arms if arm.is_external}

    @property
    def running_arms(self) -> tuple[Arm, ...]:
        """The arms that are confirmed in this session."""
        return tuple(arm for arm in self.arms if not self.only or arm.name in self.only)

    @property
    def searched_arms(self) -> frozenset[str]:
        """The arms whose searches run in this session: those that the running ones take their configuration from."""
        owners = {self.searches[arm.name].owner for arm in self.running_arms}
        return frozenset(owner for owner in owners if owner is not None)

    def num_searched(self, arm: str) -> int:
        """Search trials of an arm that is searched for itself, over all cells, at most."""
        search = self.space.search
        if search is None:
            return 0
        budget = search.trials
        if search.searcher == "grid":
            held = next(held for held in self.arms if held.name == arm)
            budget = len(propose_grid(self.catalogue.methods[held.model], held, self.searches[arm], budget))
        return budget * len(self.cells)

    def is_running(self, arm: str, stage: str) -> bool:
        """Whether trials of this arm and stage belong to what runs in this session."""
        return arm in self.searched_arms if stage == "search" else not self.only or arm in self.only

    @property
    def baseline(self) -> Arm:
        return self.arms[0]

    @property
    def objective(self) -> Objective | None:
        """What searches optimise; None if nothing is searched."""
        if self.space.search is None:
            return None
        return _objective_of(self.space.objective_metric)

    @property
    def shown_objective(self) -> Objective:
        """What progress shows of a trial: the objective, or the validation counterpart of the primary metric."""
        return self.objective or _objective_of(self.space.primary_metric)

    @property
    def certain_seeds(self) -> tuple[int, ...]:
        """The confirm seeds that every arm gets, however a race goes."""
        race = self.space.confirm.race
        return self.seeds if race is None else self.seeds[: race.least]

    @property
    def secondary_objectives(self) -> tuple[ObjectiveOrCost, ...]:
        """What searches trade off against the objective."""
        names = self.space.further_objectives
        return tuple(COSTS[name] if name in COSTS else _objective_of(name.removeprefix("valid/")) for name in names)

    def make_source(self, seed_budget: SeedBudget | None = None) -> StudySource:
        """All trials of the study; a fresh source, to be replayed from the ledger. seed_budget: that of a race."""
        arms = {arm.name: arm for arm in self.running_arms}

        def make_confirm_trials(name: str, cell: Cell, parameters: Mapping[str, Value]) -> Sequence[Trial]:
            if name not in arms:
                return ()
            arm = arms[name]
            method = self.catalogue.methods[arm.model]
            chosen = drop_inactive(method, arm, inherit(self.searches[name], parameters))
            return plan_confirm_trials(arm, [chosen], self.seeds, cell, self.context)

        with_arm_fold = {*arms, *self.searched_arms}
        trained = [arm for arm in self.arms if not arm.is_external]
        arm_folds = [self._arm_fold(arm, cell) for cell in self.cells for arm in trained if arm.name in with_arm_fold]
        return StudySource(arm_folds, make_confirm_trials, self.objective, self.space.confirm.top, seed_budget)

    def _arm_fold(self, arm: Arm, cell: Cell) -> ArmFold:
        owner = self.searches[arm.name].owner
        if owner == arm.name:
            return ArmFold(arm.name, cell, self._search(arm, cell))
        return ArmFold(arm.name, cell, inherits_from=owner)

    def _search(self, arm: Arm, cell: Cell) -> TrialSource:
        source, patience = self._whole_search(arm, cell), self.space.limits.stagnation
        if patience is None or self.objective is None:
            return source
        return StagnationLimit(source, self.objective, patience)

    def _whole_search(self, arm: Arm, cell: Cell) -> TrialSource:
        search, objective, method = self.space.search, self.objective, self.catalogue.methods[arm.model]
        assert search is not None
        assert objective is not None
        plan = self.searches[arm.name]
        if search.searcher == "grid":
            return ListedSource(plan_grid_trials(self.space, self.catalogue, arm, plan, cell, self.context))

        def make_trial(proposal: Mapping[str, Value]) -> Trial:
            # The trial remembers the whole proposal, so that a replayed searcher sees what the first one saw; only
            # what has an effect enters its settings, and with them its id.
            settings = {**arm.settings, **drop_inactive(method, arm, proposal)}
            seed = search_seed(self.space)
            return Trial(arm.name, arm.model, "search", settings, dict(proposal), seed, cell, self.context)

        return SearchedSource(
            SearchPlan(
                arm=arm.name,
                cell=cell,
                searcher=search.searcher,
                distributions=plan.parameters,
                objective=objective,
                num_trials=search.trials,
                study_seed=self.space.seed,
                make_trial=make_trial,
                find_conflict=lambda proposal: find_impossible(method, arm, proposal),
                is_active=lambda name, chosen: plan.is_active(name, full_settings(method, {**arm.settings, **chosen})),
                is_conditional=bool(plan.conditions),
                secondary_objectives=self.secondary_objectives,
                starting_points=starting_points_of(plan, search.start),
            )
        )


def _objective_of(metric: str) -> Objective:
    return Objective(metric, "maximize" if HIGHER_IS_BETTER[metric] else "minimize")
