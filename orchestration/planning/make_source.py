"""The trial source of a planned study: the search and the confirm trials of every arm on every fold. Starts nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.planning.planned_study import PlannedStudy
from orchestration.search.listed_source import ListedSource
from orchestration.search.optuna_search import SearchedSource, SearchPlan
from orchestration.search.seed_budget import SeedBudget
from orchestration.search.stagnation import StagnationLimit
from orchestration.search.study_source import ArmFold, StudySource
from orchestration.search.trial_source import TrialSource
from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.plan import inherit, plan_confirm_trials, plan_grid_trials, search_seed
from search_spaces.design.proposals import drop_inactive, find_impossible, starting_points_of
from search_spaces.design.settings import full_settings
from search_spaces.terms.catalogue import MethodSchema
from search_spaces.terms.trial import Arm, Cell, Trial, Value


def make_source(planned: PlannedStudy, seed_budget: SeedBudget | None = None) -> StudySource:
    """All trials of the study; a fresh source, to be replayed from the ledger.

    Args:
        planned: the study.
        seed_budget: how many confirm seeds each arm runs; None: all of them.
    """
    names = {*(arm.name for arm in planned.running_arms), *planned.searched_arms}
    arms = [arm for arm in planned.arms if not arm.is_external and arm.name in names]
    return StudySource(
        [_arm_fold(planned, arm, cell) for cell in planned.cells for arm in arms],
        _ConfirmTrials(planned),
        objective=planned.objective,
        top=planned.space.confirm.top,
        seed_budget=seed_budget,
    )


@dataclass(frozen=True)
class _ConfirmTrials:
    """Makes the confirm trials of the arms that run in this session."""

    planned: PlannedStudy

    def __call__(self, name: str, cell: Cell, parameters: Mapping[str, Value]) -> Sequence[Trial]:
        planned = self.planned
        arm = next((arm for arm in planned.running_arms if arm.name == name), None)
        if arm is None:
            return ()
        inherited = inherit(planned.searches[name], parameters)
        active = drop_inactive(planned.catalogue.methods[arm.model], arm, inherited)
        return plan_confirm_trials(
            arm, [active], seeds=planned.seeds, cell=cell, context=planned.context_of(arm, "confirm")
        )


def _arm_fold(planned: PlannedStudy, arm: Arm, cell: Cell) -> ArmFold:
    owner = planned.searches[arm.name].owner
    if owner == arm.name:
        return ArmFold(arm.name, cell, _search(planned, arm, cell))
    return ArmFold(arm.name, cell, inherits_from=owner)


def _search(planned: PlannedStudy, arm: Arm, cell: Cell) -> TrialSource:
    source, patience = _whole_search(planned, arm, cell), planned.space.limits.stagnation
    if patience is None or planned.objective is None:
        return source
    return StagnationLimit(source, planned.objective, patience)


def _whole_search(planned: PlannedStudy, arm: Arm, cell: Cell) -> TrialSource:
    search, objective, arm_search = planned.space.search, planned.objective, planned.searches[arm.name]
    assert search is not None
    assert objective is not None
    if search.searcher == "grid":
        trials = plan_grid_trials(
            planned.space,
            planned.catalogue,
            arm=arm,
            search=arm_search,
            cell=cell,
            context=planned.context_of(arm, "search"),
        )
        return ListedSource(trials)
    proposals = Proposals(planned, arm, cell)
    return SearchedSource(
        SearchPlan(
            arm=arm.name,
            cell=cell,
            searcher=search.searcher,
            distributions=arm_search.parameters,
            objective=objective,
            num_trials=search.trials,
            study_seed=planned.space.seed,
            make_trial=proposals.make_trial,
            find_conflict=proposals.find_conflict,
            is_active=proposals.is_active,
            is_conditional=bool(arm_search.conditions),
            secondary_objectives=planned.secondary_objectives,
            starting_points=starting_points_of(arm_search, search.start),
            complete=proposals.complete,
        )
    )


@dataclass(frozen=True)
class Proposals:
    """What the proposals of one search mean for its arm on its fold."""

    planned: PlannedStudy
    arm: Arm
    cell: Cell

    @property
    def _method(self) -> MethodSchema:
        return self.planned.catalogue.methods[self.arm.model]

    @property
    def _search(self) -> ArmSearch:
        return self.planned.searches[self.arm.name]

    def make_trial(self, proposal: Mapping[str, Value]) -> Trial:
        """The trial that tries a proposal.

        It remembers the whole proposal, so that a replayed searcher sees what the first one saw; only what has an
        effect enters its settings, and with them its id.
        """
        return Trial(
            arm=self.arm.name,
            model=self.arm.model,
            stage="search",
            settings={**self.arm.settings, **drop_inactive(self._method, self.arm, proposal)},
            parameters=dict(proposal),
            seed=search_seed(self.planned.space),
            cell=self.cell,
            context=self.planned.context_of(self.arm, "search"),
        )

    def find_conflict(self, proposal: Mapping[str, Value]) -> str | None:
        """Why the proposed values are impossible together, in a sentence; None if they are not."""
        return find_impossible(self._method, self.arm, proposal)

    def is_active(self, name: str, chosen: Mapping[str, Value]) -> bool:
        """Whether a parameter has an effect with the values chosen so far."""
        return self._search.is_active(name, full_settings(self._method, {**self.arm.settings, **chosen}))

    def complete(self, trial: Trial) -> dict[str, Value]:
        """The value of every parameter that is active in a search trial of the arm, also of those that became one since
        it was asked for: its arm fixed them."""
        if trial.parameters.keys() == self._search.parameters.keys():
            return dict(trial.parameters)
        whole: dict[str, Value] = {}
        settings = full_settings(self._method, {**self.arm.settings, **trial.parameters})
        for name in self._search.parameters:
            if name in trial.parameters:
                whole[name] = trial.parameters[name]
            elif self.is_active(name, whole):
                whole[name] = settings[name]
        return whole
