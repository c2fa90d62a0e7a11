"""What would change trials that have been asked for: the reasons why a changed plan does not continue a study.

A trial stays what it is if the changed plan could ask for it under the same id, and if what it was compared by is the
same. Everything else may change.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from orchestration.extension.changed_keys import MEANING, SEARCH_MEANING, describe_change, is_in
from orchestration.extension.earlier_trials import EarlierTrials
from orchestration.planning.make_source import Proposals
from orchestration.planning.planned_study import PlannedStudy
from orchestration.search.stopping.rungs import first_rungs
from reports.records.extension import PlanChange
from reports.records.study_description import StudyDescription
from reports.text.listing import list_names
from reports.text.rounding import count
from search_spaces.design.plan import make_trial
from search_spaces.design.settings import full_settings
from search_spaces.terms.trial import Arm, Trial, Value


def find_conflicts(
    planned: PlannedStudy, known: StudyDescription, changes: Sequence[PlanChange], earlier: EarlierTrials
) -> list[str]:
    """Every reason, in words; empty where all that has run stays as it is.

    Args:
        planned: the study as it is now.
        known: the study as it was.
        changes: of its space.
        earlier: its trials so far.
    """
    if not earlier.trials:
        return []
    searched, confirmed = earlier.of_stage("search"), earlier.of_stage("confirm")
    fixed = [*MEANING, *(SEARCH_MEANING if searched else ()), *(("confirm.missing",) if confirmed else ())]
    reasons = [describe_change(change) for change in changes if is_in(change.key, fixed)]
    reasons += _raced(changes, planned, known, bool(confirmed))
    reasons += _arms_gone(planned, earlier)
    reasons += _settings_changed(planned, known, earlier)
    reasons += _out_of_range(planned, searched)
    reasons += _taken_back(planned, known, changes, earlier)
    return reasons + (_rungs_moved(planned, known) if searched else [])


def _raced(
    changes: Sequence[PlanChange], planned: PlannedStudy, known: StudyDescription, has_confirms: bool
) -> Iterator[str]:
    """A race compares its arms at numbers of seeds that were set before the first look."""
    if not has_confirms or (planned.space.confirm.race is None and not known.confirm.get("racing")):
        return
    sections = ("arms", "contrasts", "search", "confirm", "limits")
    for change in changes:
        if is_in(change.key, sections):
            yield f"{describe_change(change)} (a race of seeds is planned before its first run)"
    known_arms = {arm.name for arm in known.arms}
    new = [arm.name for arm in planned.arms if arm.is_external and arm.name not in known_arms]
    if new:
        yield f"arm {list_names(new, 'arms')} is new (a race of seeds is planned before its first run)"


def _arms_gone(planned: PlannedStudy, earlier: EarlierTrials) -> Iterator[str]:
    names = {arm.name for arm in planned.arms}
    for name, number in earlier.num_by_arm.items():
        if name not in names:
            yield f"arm {name} is gone, which has {count(number, 'trial')} (--only ARM runs one arm alone)"


def _settings_changed(planned: PlannedStudy, known: StudyDescription, earlier: EarlierTrials) -> Iterator[str]:
    """Arms that would be trained in another way, grouped by what is different."""
    arms = {arm.name: arm for arm in planned.arms if not arm.is_external}
    others = Counter(
        trial.arm for trial in earlier.trials if trial.arm in arms and not _is_the_same(planned, arms[trial.arm], trial)
    )
    before = {arm.name: (arm.model, arm.settings) for arm in known.arms}
    grouped: dict[str, list[str]] = defaultdict(list)
    for name in others:
        model, settings = before.get(name, (arms[name].model, {}))
        for difference in _differences(planned, arms[name], model, settings):
            grouped[difference].append(name)
    for difference, names in grouped.items():
        number = sum(others[name] for name in names)
        yield f"{difference} in {list_names(names, 'arms')} ({count(number, 'trial')})"


def _is_the_same(planned: PlannedStudy, arm: Arm, trial: Trial) -> bool:
    """Whether the changed plan would give the trial the same id."""
    if trial.stage == "search":
        if planned.searches[arm.name].owner != arm.name:
            return True
        return Proposals(planned, arm, trial.cell).make_trial(trial.parameters).id == trial.id
    context = planned.context_of(arm, "confirm")
    now = make_trial(
        arm=arm, stage="confirm", parameters=trial.parameters, seed=trial.seed, cell=trial.cell, context=context
    )
    return now.id == trial.id


def _differences(planned: PlannedStudy, arm: Arm, model: str, before: Mapping[str, Value]) -> Iterator[str]:
    """What the arm has now and had before; nothing where another reason says what is different (another seed)."""
    if model != arm.model:
        yield f"the method was {model}, is {arm.model}"
    after = full_settings(planned.catalogue.methods[arm.model], arm.settings)
    for name in sorted({*before, *after}) if before else ():
        if before.get(name) != after.get(name):
            yield f"{name} was {json.dumps(before.get(name))}, is {json.dumps(after.get(name))}"


def _out_of_range(planned: PlannedStudy, searched: Sequence[Trial]) -> Iterator[str]:
    """Search trials that the changed search could not propose."""
    arms = {arm.name: arm for arm in planned.arms}
    orphans = Counter(t.arm for t in searched if t.arm in arms and planned.searches[t.arm].owner != t.arm)
    for name, number in orphans.items():
        yield f"arm {name} is searched no longer, and has {count(number, 'search trial')}"
    outside: dict[tuple[str, str], int] = Counter()
    totals = Counter(trial.arm for trial in searched)
    for trial in searched:
        if trial.arm in arms and trial.arm not in orphans:
            for name in _values_outside(planned, arms[trial.arm], trial):
                outside[trial.arm, name] += 1
    for (arm, name), number in outside.items():
        distribution = planned.searches[arm].parameters.get(name)
        now = "is fixed now" if distribution is None else f"is {distribution.describe()} now"
        yield f"{name} {now}, and {number} of {count(totals[arm], 'search trial')} of arm {arm} had another value"


def _values_outside(planned: PlannedStudy, arm: Arm, trial: Trial) -> list[str]:
    search = planned.searches[arm.name].parameters
    fixed = full_settings(planned.catalogue.methods[arm.model], arm.settings)
    values = Proposals(planned, arm, trial.cell).complete(trial)
    outside = [name for name, value in values.items() if not search[name].contains(value)]
    return outside + [n for n, value in trial.parameters.items() if n not in search and fixed.get(n) != value]


def _taken_back(
    planned: PlannedStudy, known: StudyDescription, changes: Sequence[PlanChange], earlier: EarlierTrials
) -> Iterator[str]:
    """What has been done and cannot be undone: search trials, confirmed configurations, declared contrasts."""
    search = planned.space.search
    tried = Counter((trial.arm, trial.cell) for trial in earlier.of_stage("search"))
    most = max(tried.values(), default=0)
    if search is not None and any(change.key == "search.trials" for change in changes) and most > search.trials:
        before = known.search.get("trials", most)
        yield f"search.trials was {before}, is {search.trials}, and {most} were tried (leave it, or raise it)"
    top = int(known.confirm.get("top") or 1)
    if earlier.of_stage("confirm") and planned.space.confirm.top < top:
        yield f"confirm.top was {top}, is {planned.space.confirm.top}, and {top} configurations are confirmed"
    declared = {frozenset((pair.first, pair.second)) for pair in planned.contrasts if pair.in_family}
    gone = [pair for pair in known.contrasts if pair.in_family and frozenset((pair.first, pair.second)) not in declared]
    tested = [f"{pair.first} - {pair.second}" for pair in gone if {pair.first, pair.second} <= earlier.scored_arms]
    if tested:
        yield f"no longer declared, though both arms were scored on test: {', '.join(tested)}"


def _rungs_moved(planned: PlannedStudy, known: StudyDescription) -> list[str]:
    """The rungs of a scheduler stand where the longest training of any arm puts them."""
    search = planned.space.search
    before = [planned.facts[arm.name].max_epochs for arm in known.arms if arm.name in planned.facts]
    if search is None or search.scheduler.name == "none" or not before:
        return []
    scheduler = search.scheduler

    def rungs(max_epochs: int) -> list[int]:
        first = scheduler.first_epoch(max_epochs)
        # Only Hyperband begins at several rungs.
        return first_rungs(first, max_epochs, scheduler.reduction) if scheduler.name == "hyperband" else [first]

    longest = max(planned.facts, key=lambda name: planned.facts[name].max_epochs)
    after = planned.facts[longest].max_epochs
    if rungs(after) == rungs(max(before)):
        return []
    return [
        f"arm {longest} trains up to {after} epochs and no arm before it over {max(before)}: the epochs at which the "
        f"scheduler stops trials, which go by the longest, were {rungs(max(before))}, are {rungs(after)}"
    ]
