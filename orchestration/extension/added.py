"""What a changed plan adds to a study, and what that does to what has run, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestration.extension.budgets import grid_ids, unequal_budgets
from orchestration.extension.changed_keys import describe_change, is_in
from orchestration.extension.earlier_trials import EarlierTrials
from orchestration.planning.planned_study import PlannedStudy
from reports.records.extension import PlanChange
from reports.records.study_description import StudyDescription
from reports.text.listing import list_names
from reports.text.rounding import count

_TOLD_AS_ARMS_AND_SEEDS = ("arms", "contrasts", "confirm.seeds")


def describe_added(planned: PlannedStudy, known: StudyDescription, changes: Sequence[PlanChange]) -> tuple[str, ...]:
    """Each change of the plan once: ``+ arm ridge``, ``+ confirm seeds 4, 5``, ``search.trials was 6, is 12``."""
    added = [*_by_name("arm", [arm.name for arm in known.arms], [arm.name for arm in planned.arms])]
    seeds = [str(seed) for seed in known.confirm.get("seeds", ())]
    added += _by_name("confirm seed", seeds, [str(seed) for seed in planned.seeds])
    before = [f"{pair.first} - {pair.second}" for pair in known.contrasts if pair.in_family]
    after = [f"{pair.first} - {pair.second}" for pair in planned.contrasts if pair.in_family]
    added += _by_name("contrast", before, after)
    added += [describe_change(change) for change in changes if not is_in(change.key, _TOLD_AS_ARMS_AND_SEEDS)]
    return tuple(added)


def _by_name(noun: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for sign, names in (
        ("+", [name for name in after if name not in before]),
        ("-", [name for name in before if name not in after]),
    ):
        if names:
            yield f"{sign} {noun if len(names) == 1 else f'{noun}s'} {list_names(names, f'{noun}s')}"


def describe_effects(planned: PlannedStudy, changes: Sequence[PlanChange], earlier: EarlierTrials) -> tuple[str, ...]:
    """Sentences on what this session will do with what has run."""
    if not earlier.trials:
        return ()
    return (
        "what has run stays as it is, and nothing of it runs again",
        *_choice(planned, changes, earlier),
        *unequal_budgets(planned, earlier),
    )


def describe_notes(
    planned: PlannedStudy, known: StudyDescription, changes: Sequence[PlanChange], earlier: EarlierTrials
) -> tuple[str, ...]:
    """Sentences on what an extended study is less than one that was planned so from the beginning."""
    return (
        *_ranges(changes, earlier, planned),
        *_grid(planned, changes, earlier),
        *_seeds(planned, known, earlier),
        *_family(planned, known, earlier),
    )


def _ranges(changes: Sequence[PlanChange], earlier: EarlierTrials, planned: PlannedStudy) -> Iterator[str]:
    names = [
        change.key.removeprefix("search.parameters.")
        for change in changes
        if change.key.startswith("search.parameters.")
    ]
    if not names or not earlier.of_stage("search"):
        return
    begins = " and cmaes begins anew" if planned.space.search and planned.space.search.searcher == "cmaes" else ""
    yield (
        f"the {count(len(earlier.of_stage('search')), 'search trial')} so far count in the search; they are of the "
        f"ranges before ({', '.join(names)}){begins}, so the wider ones are not searched evenly"
    )


def _grid(planned: PlannedStudy, changes: Sequence[PlanChange], earlier: EarlierTrials) -> Iterator[str]:
    search, tried = planned.space.search, earlier.of_stage("search")
    if search is None or search.searcher != "grid" or not tried or not _lengthens(changes):
        return
    points = {identity for arm in planned.searched_arms for identity in grid_ids(planned, arm)}
    on_it = sum(trial.id in points for trial in tried)
    yield f"{on_it} of the {count(len(tried), 'search trial')} so far lie on the new grid; all of them count"


def _choice(planned: PlannedStudy, changes: Sequence[PlanChange], earlier: EarlierTrials) -> Iterator[str]:
    """What a longer search means for arms whose winners are confirmed."""
    confirmed = {trial.arm for trial in earlier.of_stage("confirm")}
    reopened = [a.name for a in planned.running_arms if a.name in confirmed and planned.searches[a.name].owner]
    if not reopened or not _lengthens(changes):
        return
    most = len(reopened) * planned.space.confirm.top * len(planned.seeds) * len(planned.cells)
    yield (
        f"validation may choose another configuration for {list_names(reopened, 'arms')}: then up to "
        f"{count(most, 'confirm trial')} of new choices run, and those of earlier choices stay recorded, count as uses "
        "of the test part and enter no estimate"
    )


def _lengthens(changes: Sequence[PlanChange]) -> bool:
    return any(is_in(change.key, ("search", "limits.stagnation")) for change in changes)


def _seeds(planned: PlannedStudy, known: StudyDescription, earlier: EarlierTrials) -> Iterator[str]:
    gone = [seed for seed in known.confirm.get("seeds", ()) if seed not in planned.seeds]
    if gone and earlier.of_stage("confirm"):
        yield f"runs of {list_names([f'seed {seed}' for seed in gone], 'seeds')} that there are stay in the tables"


def _family(planned: PlannedStudy, known: StudyDescription, earlier: EarlierTrials) -> Iterator[str]:
    before = sum(pair.in_family for pair in known.contrasts)
    after = sum(pair.in_family for pair in planned.contrasts)
    if before != after:
        late = (
            f"; the new ones are declared after {count(earlier.num_scored, 'run')} on test"
            if earlier.num_scored
            else ""
        )
        yield f"p-values are corrected over {count(after, 'declared contrast')}, before over {before}{late}"
