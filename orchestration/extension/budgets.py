"""Whether the arms of an extended study are searched alike."""

from __future__ import annotations

from collections import Counter

from orchestration.extension.earlier_trials import EarlierTrials
from orchestration.planning.planned_study import PlannedStudy
from reports.text.listing import list_numbers
from search_spaces.design.plan import plan_grid_trials


def unequal_budgets(planned: PlannedStudy, earlier: EarlierTrials) -> tuple[str, ...]:
    """A sentence where searched arms will have had unequally many search trials when this session has ended.

    An arm without any, because ``--only`` leaves it to a later session, is not among them. Nothing is told where the
    plan itself is so (arms of fewer parameters have smaller grids).
    """
    totals = {arm: number for arm, number in _search_trials(planned, earlier).items() if number}
    budgets = {arm: number / len(planned.cells) for arm, number in totals.items()}
    is_as_planned = all(number == planned.num_searched(arm) for arm, number in totals.items())
    if len(set(budgets.values())) < 2 or is_as_planned:
        return ()
    told = list_numbers(budgets, 4)
    remedy = " (without --only the others catch up)" if planned.only else ""
    return (f"search budgets become unequal, in trials per search: {told}; more trials find a better best{remedy}",)


def _search_trials(planned: PlannedStudy, earlier: EarlierTrials) -> dict[str, int]:
    """Search trials of every arm that has a search of its own, over all folds, when this session has ended."""
    tried = Counter(trial.arm for trial in earlier.of_stage("search"))
    owners = [arm for arm in planned.arms if planned.searches[arm.name].owner == arm.name]
    totals = {arm.name: tried[arm.name] for arm in owners}
    search = planned.space.search
    for arm in owners if search is not None else ():
        assert search is not None
        if arm.name not in planned.searched_arms:
            continue
        totals[arm.name] = max(totals[arm.name], planned.num_searched(arm.name))
        if search.searcher == "grid":
            # A finer grid need not have the points of the coarser one.
            own = {trial.id for trial in earlier.of_stage("search") if trial.arm == arm.name}
            totals[arm.name] = len(own | grid_ids(planned, arm.name))
    return totals


def grid_ids(planned: PlannedStudy, name: str) -> set[str]:
    """Ids of the grid trials of an arm on all folds."""
    arm = next(arm for arm in planned.arms if arm.name == name)
    context = planned.context_of(arm, "search")
    return {
        trial.id
        for cell in planned.cells
        for trial in plan_grid_trials(
            planned.space, planned.catalogue, arm=arm, search=planned.searches[name], cell=cell, context=context
        )
    }
