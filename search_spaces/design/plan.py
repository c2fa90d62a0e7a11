"""From arms to trials: cells, seeds, and the trials of a stage. Pure: no randomness, no clock, no files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.proposals import propose_grid
from search_spaces.schema.schema import SearchSpace
from search_spaces.schema.seed_range import SeedRange
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import Problem, SpaceErrors
from search_spaces.terms.trial import Arm, Cell, Stage, Trial, Value

MIN_FOLDS = 3
"""One fold is tested, one validates, at least one trains (honesty rule 1)."""


def plan_cells(space: SearchSpace, num_file_folds: int | None = None) -> tuple[Cell, ...]:
    """Where every configuration is evaluated: one cell per fold and repeat, or the official split.

    num_file_folds: how many folds the data file brings; None if it brings none.

    Raises:
        SpaceErrors: if the space asks for the file's folds and there are fewer than three.
    """
    folds = space.data.folds
    if folds is None:
        return (Cell(),)
    if folds.by == "video":
        return tuple(Cell(repeat, fold) for repeat in range(folds.repeats) for fold in range(folds.k))
    if num_file_folds is None or num_file_folds < MIN_FOLDS:
        message = (
            f"`file` needs at least {MIN_FOLDS} folds in {space.data.path}, which has {num_file_folds or 'none'}; "
            "write `folds: {by: video, k: 5}` or remove `folds`"
        )
        raise SpaceErrors([Problem(line=None, column=None, path="data.folds", message=message, source=space.study)])
    return tuple(Cell(0, fold) for fold in range(num_file_folds))


def search_seed(space: SearchSpace) -> int:
    """The seed of every search trial; no confirm trial uses it."""
    return space.seed


def confirm_seeds(space: SearchSpace) -> tuple[int, ...]:
    """The fresh seeds of the confirm stage: the listed ones, or the ones that follow the search's seed.

    Of a race these are the most that an arm may get.
    """
    seeds = space.confirm.seeds
    if isinstance(seeds, tuple):
        return seeds
    if isinstance(seeds, SeedRange):
        seeds = seeds.most
    return tuple(range(space.seed + 1, space.seed + 1 + seeds))


def make_trial(arm: Arm, stage: Stage, parameters: Mapping[str, Value], seed: int, cell: Cell, context: str) -> Trial:
    """One trial of an arm.

    Args:
        arm: that fixes settings.
        stage: search or confirm.
        parameters: searched values; they override what the arm fixes.
        seed: of the trial.
        cell: the fold.
        context: digest of what decides the result besides the settings.
    """
    return Trial(
        arm=arm.name,
        model=arm.model,
        stage=stage,
        settings={**arm.settings, **parameters},
        parameters=dict(parameters),
        seed=seed,
        cell=cell,
        context=context,
    )


def plan_confirm_trials(
    arm: Arm, configurations: Sequence[Mapping[str, Value]], seeds: Sequence[int], cell: Cell, context: str
) -> tuple[Trial, ...]:
    """The chosen configurations of one arm in one cell under every confirm seed, seed by seed.

    Args:
        arm: to confirm; a control's seeds are shifted by its offset.
        configurations: searched values, best first; ``[{}]`` where nothing was searched.
        seeds: of the confirm stage.
        cell: the fold.
        context: digest of what decides the result besides the settings.
    """
    return tuple(
        make_trial(
            arm=arm, stage="confirm", parameters=parameters, seed=seed + arm.seed_offset, cell=cell, context=context
        )
        for seed in seeds
        for parameters in configurations
    )


def plan_grid_trials(
    space: SearchSpace, catalogue: Catalogue, arm: Arm, search: ArmSearch, cell: Cell, context: str
) -> tuple[Trial, ...]:
    """The search trials of one arm in one cell for the searcher ``grid``.

    Args:
        space: with a search section.
        catalogue: of the methods.
        arm: to search.
        search: of the arm.
        cell: the fold.
        context: digest of what decides the result besides the settings.
    """
    budget = space.search.trials if space.search else 0
    proposals = propose_grid(catalogue.methods[arm.model], arm, search, budget)
    return tuple(
        make_trial(arm=arm, stage="search", parameters=proposal, seed=search_seed(space), cell=cell, context=context)
        for proposal in proposals
    )


def inherit(search: ArmSearch, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """The owner's chosen values, as far as they have an effect in the arm that takes them over."""
    return {name: value for name, value in parameters.items() if name in search.parameters}


@dataclass(frozen=True)
class StudySize:
    """Numbers of trials that run here (predictions of other code do not).

    Attributes:
        num_arms: arms that run.
        num_cells: folds of all repeats, or 1 on the official split.
        num_searches: searches, one per searched arm and cell.
        num_search: upper bound of search trials; a search ends early when nothing new is left to propose.
        num_confirm: upper bound of confirm trials.
    """

    num_arms: int
    num_cells: int
    num_searches: int
    num_search: int
    num_confirm: int

    @property
    def num_trials(self) -> int:
        return self.num_search + self.num_confirm


def count_trials(
    space: SearchSpace,
    catalogue: Catalogue,
    arms: Sequence[Arm],
    cells: Sequence[Cell],
    searches: Sequence[ArmSearch],
    only: Collection[str] = (),
) -> StudySize:
    """How large the study is, before anything runs.

    The search that an arm takes its configuration from runs with it, whether its own arm runs or not.

    Args:
        space: of the study.
        catalogue: of the methods.
        arms: of the space.
        cells: of the study.
        searches: one for each of ``arms``, in their order.
        only: names of the arms that run; empty: all of them.
    """
    running = [search for search in searches if not only or search.arm in only]
    owners = {search.owner for search in running}
    per_search: dict[str, int] = {}
    for arm, search in zip(arms, searches, strict=True):
        if space.search is None or search.owner != arm.name or arm.name not in owners:
            continue
        budget = space.search.trials
        if space.search.searcher == "grid":
            budget = len(propose_grid(catalogue.methods[arm.model], arm, search, budget))
        per_search[arm.name] = budget
    num_seeds = len(confirm_seeds(space))
    trained = [search for search in running if search.arm not in {spec.arm for spec in space.arms.external}]
    chosen = [min(space.confirm.top, per_search[search.owner]) if search.owner else 1 for search in trained]
    return StudySize(
        num_arms=len(running),
        num_cells=len(cells),
        num_searches=len(per_search) * len(cells),
        num_search=sum(per_search.values()) * len(cells),
        num_confirm=sum(chosen) * len(cells) * num_seeds,
    )
