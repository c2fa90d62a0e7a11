"""A study's trials: searches first, then fresh seeds of what they chose; which configuration wins is decided here."""

from __future__ import annotations

from orchestration.search.listed_source import ListedSource
from orchestration.search.objective import Objective
from orchestration.search.study_source import ArmFold, StudySource
from search_spaces.schema.distributions import Uniform
from search_spaces.terms.trial import Cell
from tests.orchestration.search.source_contract import SourceContract
from tests.orchestration.search.test_optuna_search import make_search
from tests.orchestration.simulated_trials import asked, drive, record_of, replay
from tests.orchestration.toy_runner import make_trial

CELLS = (Cell(0, 0), Cell(0, 1))


def searches(arm, cell, xs=(0.9, 0.2, 0.6)):
    return ListedSource([make_trial(arm=arm, stage="search", cell=cell, parameters={"x": x}) for x in xs])


def confirms(arm, cell, parameters):
    return [make_trial(seed, arm, "confirm", cell, parameters) for seed in (100, 101)]


def make_study(arm_folds, direction="minimize", top=1):
    return StudySource(arm_folds, confirms, Objective("mae", direction), top)


def per_arm():
    return make_study([ArmFold(arm, cell, searches(arm, cell)) for arm in ("full", "no_fd") for cell in CELLS])


def winners(events):
    return {(t.arm, t.cell.name): t.parameters.get("x") for t in asked(events) if t.stage == "confirm"}


class TestPerArm(SourceContract):
    def make_source(self):
        return per_arm()


class TestBaselineScope(SourceContract):
    def make_source(self):
        own = [ArmFold("full", cell, searches("full", cell)) for cell in CELLS]
        return make_study([*own, *(ArmFold("no_fd", cell, inherits_from="full") for cell in CELLS)])

    def test_arms_inherit_the_winner_of_the_same_cell(self):
        def judge(trial):
            # In the second cell the best x is another one.
            target = 0.2 if trial.cell.fold == 0 else 0.9
            return record_of(trial, abs(float(trial.parameters.get("x", 0)) - target))

        events = drive(self.make_source(), num_workers=2, judge=judge)
        assert winners(events) == {
            ("full", "r0f0"): 0.2,
            ("no_fd", "r0f0"): 0.2,
            ("full", "r0f1"): 0.9,
            ("no_fd", "r0f1"): 0.9,
        }
        assert all(trial.arm == "full" for trial in asked(events) if trial.stage == "search")


class TestNoSearch(SourceContract):
    def make_source(self):
        return StudySource([ArmFold("full", CELLS[0]), ArmFold("no_fd", CELLS[0])], confirms)

    def test_confirms_at_once_and_arms_take_turns(self):
        assert [trial.arm for trial in asked(drive(self.make_source()))] == ["full", "no_fd", "full", "no_fd"]


class TestSearchedByOptuna(SourceContract):
    def make_source(self):
        search = make_search("tpe", {"x": Uniform(0.0, 1.0)}, 8, cell=CELLS[0])
        return make_study([ArmFold("full", CELLS[0], search)])


def test_the_lowest_error_wins_and_confirm_waits_for_every_search_trial():
    source = per_arm()
    trials = [source.ask() for _ in range(12)]
    assert all(trial.stage == "search" for trial in trials)
    assert source.ask() is None
    assert not source.is_exhausted
    own = [trial for trial in trials if (trial.arm, trial.cell) == ("full", CELLS[0])]
    for trial in own[:2]:
        source.tell(record_of(trial))
    assert source.ask() is None, "one search trial of that arm and cell still runs"
    source.tell(record_of(own[2]))
    assert source.ask().parameters == {"x": 0.2}, "0.2 is nearest to 0.3"


def test_maximising_takes_the_highest():
    source = make_study([ArmFold("full", CELLS[0], searches("full", CELLS[0]))], "maximize")
    assert winners(drive(source)) == {("full", "r0f0"): 0.9}


def test_pruned_and_failed_trials_cannot_win():
    def judge(trial):
        return record_of(trial, status={0.2: "pruned", 0.6: "completed", 0.9: "failed"}.get(trial.parameters["x"]))

    source = make_study([ArmFold("full", CELLS[0], searches("full", CELLS[0]))])
    assert winners(drive(source, judge=judge)) == {("full", "r0f0"): 0.6}
    assert source.notes == ()


def test_an_arm_whose_search_failed_is_confirmed_with_its_fixed_settings_and_noted():
    source = make_study([ArmFold("full", CELLS[0], searches("full", CELLS[0]))])
    events = drive(source, judge=lambda trial: record_of(trial, status="failed"))
    assert winners(events) == {("full", "r0f0"): None}
    assert len(source.notes) == 1
    assert "full, fold 0: no search trial of full completed" in source.notes[0]


def test_top_two_are_both_confirmed_best_first_and_ties_go_to_the_first():
    source = make_study([ArmFold("full", CELLS[0], searches("full", CELLS[0], (0.9, 0.5, 0.2)))], top=2)
    confirmed = [trial.parameters["x"] for trial in asked(drive(source)) if trial.stage == "confirm"]
    assert confirmed == [0.2, 0.5, 0.2, 0.5], "seed by seed"
    tied = make_study([ArmFold("full", CELLS[0], searches("full", CELLS[0], (0.9, 0.4, 0.2)))])
    assert winners(drive(tied, judge=lambda trial: record_of(trial, 0.5))) == {("full", "r0f0"): 0.9}


def test_the_order_of_turns_survives_a_restart():
    whole = drive(per_arm(), num_workers=3)
    for cut in range(0, len(whole), 5):
        restored = per_arm()
        replay(restored, whole[:cut])
        following = next((item for kind, item in whole[cut:] if kind == "ask"), None)
        if whole[cut][0] == "ask":
            assert restored.ask() == following
