"""What a space asks for over the folds of its data: arms, contrasts, searches, numbers of trials. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dmd.scoring import higher_is_better
from orchestration.process.errors import UsageError
from orchestration.search.objective import COSTS, Objective, ObjectiveOrCost
from search_spaces.design.arm_searches import ArmSearch, plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.components import DesignError
from search_spaces.design.contrasts import ContrastPair, plan_contrasts
from search_spaces.design.plan import StudySize, confirm_seeds, count_trials, plan_cells
from search_spaces.design.proposals import propose_grid
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import suggest
from search_spaces.terms.trial import Arm, Cell


@dataclass(frozen=True, kw_only=True)
class StudyDesign:
    """What a space asks for. It is the same design whatever part of it runs in this session.

    Attributes:
        space: the checked space.
        catalogue: the methods.
        arms: the baseline first.
        contrasts: pairs of arms that are compared.
        cells: the folds.
        seeds: of the confirm stage, before an arm's own offset; of a race the most that an arm may get.
        searches: arm name -> what is searched for it, and by which arm's search.
        size: numbers of trials of this session.
        only: names of the arms that are confirmed in this session; empty: all.
    """

    space: SearchSpace
    catalogue: Catalogue
    arms: tuple[Arm, ...]
    contrasts: tuple[ContrastPair, ...]
    cells: tuple[Cell, ...]
    seeds: tuple[int, ...]
    searches: Mapping[str, ArmSearch]
    size: StudySize
    only: frozenset[str]

    @property
    def trained_arms(self) -> tuple[Arm, ...]:
        """The arms that are trained here: all but those of other code."""
        return tuple(arm for arm in self.arms if not arm.is_external)

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
            searched = next(one for one in self.arms if one.name == arm)
            method = self.catalogue.methods[searched.model]
            budget = len(propose_grid(method, searched, self.searches[arm], budget))
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


def design_study(
    space: SearchSpace,
    catalogue: Catalogue,
    num_file_folds: int | None,
    only: Sequence[str] = (),
    arms: tuple[Arm, ...] = (),
) -> StudyDesign:
    """Expand the space over the folds of its data.

    Args:
        space: the checked space.
        catalogue: the methods.
        num_file_folds: how many folds the data file brings; None if it brings none.
        only: names of the arms to run now; empty: all.
        arms: as planned when the space was checked; empty: they are planned here.

    Raises:
        SpaceErrors: for folds that the file does not have.
        UsageError: for an ``only`` that names an arm which the space does not have.
    """
    arms = arms or _plan_arms(space, catalogue)
    _require_known(only, arms, space)
    cells = plan_cells(space, num_file_folds)
    searches = plan_searches(space, catalogue, arms)
    return StudyDesign(
        space=space,
        catalogue=catalogue,
        arms=arms,
        contrasts=plan_contrasts(space, arms, catalogue.methods),
        cells=cells,
        seeds=confirm_seeds(space),
        searches={search.arm: search for search in searches},
        size=count_trials(space, catalogue, arms=arms, cells=cells, searches=searches, only=only),
        only=frozenset(only),
    )


def _plan_arms(space: SearchSpace, catalogue: Catalogue) -> tuple[Arm, ...]:
    try:
        return plan_arms(space, catalogue)
    except DesignError as error:
        # Of a folder that lacks a modality, which is known only now.
        raise UsageError(f"arms.{error.path}: {error.message}") from None


def _require_known(only: Sequence[str], arms: Sequence[Arm], space: SearchSpace) -> None:
    names = [arm.name for arm in arms]
    problems = [
        f"--only: study {space.study} has no arm {name!r}; {suggest(name, names)}" for name in only if name not in names
    ]
    if only and space.confirm.race is not None:
        problems.append(
            "--only: this study races its seeds, which compares the arms as it goes; "
            "give a number of seeds with --set 'confirm={seeds: 5}'"
        )
    if problems:
        raise UsageError("\n".join(problems))


def _objective_of(metric: str) -> Objective:
    return Objective(metric, "maximize" if higher_is_better(metric) else "minimize")
