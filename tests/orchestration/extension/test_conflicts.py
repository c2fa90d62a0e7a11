"""What a changed plan may not change, and what its source gives after a shorter plan; nothing is trained."""

from __future__ import annotations

import pytest

from orchestration.extension.changed_keys import find_changes
from orchestration.extension.conflicts import find_conflicts
from orchestration.extension.earlier_trials import EarlierTrials
from orchestration.planning.make_source import Proposals, make_source
from orchestration.planning.prepared import Prepared
from orchestration.planning.study_description import describe_study
from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Trial
from tests.orchestration.extension.growing_study import plan
from tests.orchestration.simulated_trials import asked, drive, record_of, replay

SPACE = """\
study: grow
data: {path: "planted:num_videos=9,clips_per_video=2", folds: {by: video, k: 3}}
model: {name: ridge, max_epochs: 9}
arms: {controls: true, modalities: [language]}
search: {parameters: {weakest: {log_uniform: [0.001, 0.01]}}, scope: baseline, trials: 2, searcher: tpe}
confirm: {seeds: 2}
"""
ASHA = ("search.scheduler=asha",)
RACE = ("confirm={seeds: {min: 3, max: 5}, until: decided, smallest_effect: 0.5}",)


def judge(trial: Trial) -> RunRecord:
    """A value that the trial alone decides."""
    return record_of(trial, int(trial.id[:6], 16) / 0xFFFFFF)


def conflicts(before: Prepared, after: Prepared, has_confirms: bool = True) -> str:
    """The reasons against ``after`` where ``before`` has run."""
    trials = [t for t in asked(drive(make_source(before.planned), judge=judge)) if has_confirms or t.stage == "search"]
    known = describe_study(before.planned, before.dataset, before.fingerprint, "dmd-search", "now")
    changes = find_changes(before.planned.space.resolved(), after.planned.space.resolved())
    earlier = EarlierTrials(tuple(trials), len(trials), 1, frozenset(trial.arm for trial in trials))
    return "; ".join(find_conflicts(after.planned, known, changes, earlier))


@pytest.fixture(scope="module")
def short() -> Prepared:
    return plan(space=SPACE)


def test_arms_that_inherit_continue_with_what_a_longer_search_chooses(short: Prepared) -> None:
    long = plan("search.trials=5", space=SPACE)
    begun = drive(make_source(short.planned), judge=judge)
    source = make_source(long.planned)
    replay(source, begun)
    rest = drive(source, judge=judge)
    one_go = asked(drive(make_source(long.planned), judge=judge))
    ids = [trial.id for trial in (*asked(begun), *asked(rest))]
    assert len(ids) == len(set(ids)), "nothing is given twice"
    assert {trial.id for trial in one_go} <= set(ids)
    assert {t.arm for t in asked(rest) if t.stage == "confirm"} == {"ridge", "only-language", "control"}
    assert source.is_exhausted


GRID = ("search.searcher=grid", "search.parameters.weakest={choice: [0.001, 0.002, 0.003, 0.004, 0.005, 0.006]}")


@pytest.mark.parametrize("searcher", [("search.searcher=random",), ("search.searcher=tpe",), GRID])
def test_two_sittings_search_what_one_does(searcher: tuple[str, ...]) -> None:
    """TPE draws its first 4 trials at random for every budget up to 14; one worker tells it the same history."""
    alone = SPACE.replace("arms: {controls: true, modalities: [language]}\n", "")
    short, long = (plan(*searcher, f"search.trials={number}", space=alone).planned for number in (6, 9))
    begun = drive(make_source(short), judge=judge)
    source = make_source(long)
    replay(source, begun)
    two = [t for t in (*asked(begun), *asked(drive(source, judge=judge))) if t.stage == "search"]
    one = [t for t in asked(drive(make_source(long), judge=judge)) if t.stage == "search"]
    assert {t.id for t in two} == {t.id for t in one}
    assert len(two) == len(one) == 3 * (6 if searcher == GRID else 9)


def test_a_new_start_is_tried_next_and_a_new_parameter_has_its_fixed_value(short: Prepared) -> None:
    strongest = "search.parameters.strongest={uniform: [50, 200]}"
    long = plan("search.trials=3", strongest, "search.start=[{weakest: 0.005, strongest: 80}]", space=SPACE)
    begun = drive(make_source(short.planned), judge=judge)
    source = make_source(long.planned)
    replay(source, begun)
    added = next(trial for trial in asked(drive(source, judge=judge)) if trial.stage == "search")
    assert added.parameters == {"weakest": 0.005, "strongest": 80}
    first = asked(begun)[0]
    complete = Proposals(long.planned, long.planned.arms[0], first.cell).complete(first)
    assert complete == {**first.parameters, "strongest": 100}


def test_a_race_that_has_begun_keeps_its_plan() -> None:
    before, after = plan(*RACE, space=SPACE), plan(*RACE, "search.trials=4", "arms.controls=false", space=SPACE)
    assert "search.trials was 2, is 4 (a race of seeds is planned before its first run)" in conflicts(before, after)
    fixed = plan("confirm.seeds=4", space=SPACE)
    assert 'confirm.seeds was {"min": 3, "max": 5}, is 4' in conflicts(before, fixed)
    assert conflicts(before, fixed, has_confirms=False) == ""


def test_the_epochs_at_which_a_scheduler_stops_trials_stay_where_they_were() -> None:
    before = plan(*ASHA, space=SPACE)
    longer, as_long = (
        plan(*ASHA, f"arms.models=[{{name: ridge, arm: more, max_epochs: {epochs}}}]", space=SPACE)
        for epochs in (40, 12)
    )
    assert "arm more trains up to 40 epochs and no arm before it over 9" in conflicts(before, longer)
    assert conflicts(before, as_long) == ""
    without = plan("arms.models=[{name: ridge, arm: more, max_epochs: 40}]", space=SPACE)
    assert conflicts(plan(space=SPACE), without) == "", "without a scheduler nothing is stopped"


def test_what_confirm_trials_mean_may_change_before_there_are_any(short: Prepared) -> None:
    missing = plan("confirm.missing={rates: [0.3]}", space=SPACE)
    assert conflicts(short, missing) == 'confirm.missing was absent, is {"rates": [0.3], "modalities": []}'
    assert conflicts(short, missing, has_confirms=False) == ""


def test_a_budget_may_fall_to_what_was_tried_and_no_further(short: Prepared) -> None:
    before = plan("search.trials=8", space=SPACE)
    known = describe_study(before.planned, before.dataset, before.fingerprint, "dmd-search", "now")
    begun = asked(drive(make_source(before.planned), judge=judge, limit=6))
    for trials, expected in ((2, ""), (1, "search.trials was 8, is 1, and 2 were tried (leave it, or raise it)")):
        after = plan(f"search.trials={trials}", space=SPACE).planned
        changes = find_changes(before.planned.space.resolved(), after.space.resolved())
        assert "; ".join(find_conflicts(after, known, changes, EarlierTrials(tuple(begun)))) == expected


def test_one_reason_for_all_arms_that_a_setting_is_of(short: Prepared) -> None:
    fewer = plan("model.max_epochs=5", space=SPACE)
    assert conflicts(short, fewer) == "max_epochs was 9, is 5 in ridge, only-language, control (24 trials)"


def test_an_inheriting_arm_may_get_a_search_of_its_own_and_not_lose_one(short: Prepared) -> None:
    own = plan("search.scope=per_arm", space=SPACE)
    assert conflicts(short, own) == ""
    assert conflicts(own, short) == "arm only-language is searched no longer, and has 6 search trials"
