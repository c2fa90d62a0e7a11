"""Lists and searches behind one seam: what each proposes, and that it proposes it again after a crash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration.search.listed_source import ListedSource
from orchestration.search.objective import Cost, Objective
from orchestration.search.optuna_search import SearchedSource, SearchPlan
from search_spaces.schema.distributions import Choice, IntRange, LogUniform, Uniform
from search_spaces.terms.trial import Cell
from tests.orchestration.search.source_contract import SourceContract
from tests.orchestration.simulated_trials import asked, drive, record_of, replay
from tests.orchestration.toy_runner import make_trial

SPACE = {"x": Uniform(0.0, 1.0), "rate": LogUniform(1e-4, 1e-1), "depth": IntRange(1, 5)}


def make_search(searcher="tpe", distributions=SPACE, num_trials=14, seed=0, cell=Cell(), find_conflict=None, **kw):  # noqa: B008
    return SearchedSource(
        SearchPlan(
            arm="full",
            cell=cell,
            searcher=searcher,
            distributions=distributions,
            objective=kw.get("objective", Objective("mae")),
            num_trials=num_trials,
            study_seed=seed,
            make_trial=lambda parameters: make_trial(stage="search", cell=cell, parameters=parameters),
            find_conflict=find_conflict or (lambda parameters: None),
            **{
                name: kw[name]
                for name in ("is_active", "is_conditional", "secondary_objectives", "starting_points")
                if name in kw
            },
        )
    )


class TestListed(SourceContract):
    def make_source(self):
        return ListedSource([make_trial(seed=seed) for seed in range(7)])

    def test_order_is_that_of_the_list(self):
        assert [trial.seed for trial in asked(drive(self.make_source()))] == list(range(7))


class TestRandom(SourceContract):
    def make_source(self):
        return make_search("random")


class TestTpe(SourceContract):
    def make_source(self):
        return make_search("tpe")


class TestGp(SourceContract):
    def make_source(self):
        return make_search("gp", num_trials=8)


class TestCmaes(SourceContract):
    def make_source(self):
        return make_search("cmaes", num_trials=20)


class TestTpeWithRejections(SourceContract):
    """Rejected proposals are not in the ledger, and must not be missed there."""

    def make_source(self):
        space = {"flag": Choice((True, False)), "depth": IntRange(1, 6)}
        return make_search("tpe", space, 9, find_conflict=refuse_shallow)


class TestCmaesWithRejections(SourceContract):
    def make_source(self):
        return make_search("cmaes", num_trials=16, find_conflict=lambda p: "x" if p["x"] > 0.7 else None)


class TestTpeWithConditions(SourceContract):
    def make_source(self):
        return conditional("tpe", 18)


class TestCmaesWithConditions(SourceContract):
    def make_source(self):
        return conditional("cmaes", 20)


class TestTpeWithStarts(SourceContract):
    """Among the starts are one in part, one that is impossible and one that repeats."""

    def make_source(self):
        starts = ({"x": 0.25}, {"x": 0.9, "rate": 0.01, "depth": 2}, STARTED, STARTED)
        return make_search(
            "tpe", num_trials=12, starting_points=starts, find_conflict=lambda p: "no" if p["x"] == 0.9 else None
        )


class TestTpeWithTwoObjectives(SourceContract):
    def make_source(self):
        return make_search("tpe", num_trials=24, secondary_objectives=(Cost("device_seconds"),))


class TestGpWithTwoObjectives(SourceContract):
    def make_source(self):
        return make_search("gp", num_trials=8, secondary_objectives=(Cost("device_seconds"),))


STARTED = {"x": 0.5, "rate": 0.02, "depth": 3}


def conditional(searcher, num_trials):
    """``x`` exists only where ``is_deep``, ``rate`` only where ``x`` does and is large."""
    space = {"is_deep": Choice((True, False)), "x": Uniform(0.0, 1.0), "rate": LogUniform(1e-4, 1e-1)}
    needs = {"x": lambda p: p["is_deep"], "rate": lambda p: p.get("x", 0) > 0.5}
    return make_search(
        searcher, space, num_trials, is_active=lambda name, p: name not in needs or needs[name](p), is_conditional=True
    )


def refuse_shallow(parameters):
    return "a flag needs depth" if parameters["flag"] and parameters["depth"] < 3 else None


@pytest.mark.parametrize("searcher", ["tpe", "gp", "cmaes"])
def test_one_changed_value_changes_later_proposals(searcher):
    events = drive(make_search(searcher, num_trials=12))
    kind, trial = events[14]
    assert kind == "ask"
    restored = make_search(searcher, num_trials=12)
    replay(restored, [*events[:15], ("tell", record_of(trial, -5.0))])
    assert asked(drive(restored)) != asked(events[16:])


def test_tpe_finds_the_minimum_of_a_parabola_better_than_random():
    # 50 random draws come closer than 0.005 to the best point with probability 0.4 only; in 3 of 3 seeds, 0.06.
    for seed in range(3):
        events = drive(make_search("tpe", {"x": Uniform(0.0, 1.0)}, 50, seed))
        assert min(abs(trial.parameters["x"] - 0.3) for trial in asked(events)) < 0.005


def test_maximising_turns_the_search_round():
    source = make_search("tpe", {"x": Uniform(0.0, 1.0)}, 40, objective=Objective("mae", "maximize"))
    late = asked(drive(source))[20:]
    assert sum(trial.parameters["x"] > 0.7 for trial in late) > 10, "the parabola is highest at x = 1"


def test_arms_cells_and_seeds_have_streams_of_their_own():
    def first(**changes):
        return make_search("random", **changes).ask().parameters

    assert first() == first()
    assert len({repr(first()), repr(first(seed=1)), repr(first(cell=Cell(0, 1)))}) == 3


def test_impossible_combinations_are_never_proposed_and_a_finite_space_is_used_up():
    space = {"flag": Choice((True, False)), "depth": IntRange(1, 4)}
    trials = asked(drive(make_search("tpe", space, num_trials=50, find_conflict=refuse_shallow)))
    found = {(trial.parameters["flag"], trial.parameters["depth"]) for trial in trials}
    assert found == {(False, 1), (False, 2), (False, 3), (False, 4), (True, 3), (True, 4)}
    assert len(trials) == 6


def test_a_space_without_any_possible_combination_ends():
    source = make_search("random", find_conflict=lambda parameters: "never")
    assert source.ask() is None
    assert source.is_exhausted


def test_failed_and_non_finite_trials_do_not_stop_a_search():
    source = make_search("tpe", num_trials=12)
    events = drive(source, judge=lambda trial: record_of(trial, float("nan"), "completed"))
    assert len(asked(events)) == 12
    assert len(asked(drive(make_search("tpe", num_trials=12), judge=lambda t: record_of(t, status="failed")))) == 12


def test_a_pruned_trial_counts_with_its_last_value():
    def judge_pruned(value):
        return lambda trial: record_of(trial, value * trial.parameters["x"], "pruned")

    good, bad = (asked(drive(make_search("tpe", num_trials=12), judge=judge_pruned(sign))) for sign in (1, -1))
    assert good[:4] == bad[:4]
    assert good != bad, "the searcher learns from pruned trials"


def test_conditional_parameters_exist_only_where_they_may():
    trials = asked(drive(conditional("tpe", 20)))
    kinds = {tuple(trial.parameters) for trial in trials}
    assert kinds == {("is_deep",), ("is_deep", "x"), ("is_deep", "x", "rate")}
    assert sum(tuple(trial.parameters) == ("is_deep",) for trial in trials) == 1, "there is one such configuration"
    assert all(trial.parameters["x"] > 0.5 for trial in trials if "rate" in trial.parameters)


def test_starting_points_are_tried_first_in_their_order():
    first, second, third, *_ = asked(drive(TestTpeWithStarts().make_source()))
    assert first.parameters["x"] == 0.25
    assert set(first.parameters) == set(SPACE), "what a starting point leaves open is proposed"
    assert second.parameters == STARTED, "the impossible one is passed over"
    assert third.parameters != STARTED, "the same configuration does not run twice"


def test_a_finite_space_is_used_up_to_its_last_configuration():
    space = {"depth": IntRange(1, 30), "flag": Choice((True, False)), "kind": Choice(("a", "b", "c"))}
    trials = asked(drive(make_search("random", space, 1000, find_conflict=refuse_shallow), limit=1000))
    assert len(trials) == 30 * 2 * 3 - 2 * 3, "without two depths for a flag"


def test_two_objectives_are_both_pursued():
    """The error asks for x = 0.3 and the time for x = 1: good trials lie between, not outside."""

    def judge(trial):
        return replace(record_of(trial), duration_s=1 - trial.parameters["x"])

    def share_between(costs):
        source = make_search("tpe", {"x": Uniform(0.0, 1.0)}, 60, secondary_objectives=costs)
        late = asked(drive(source, judge=judge))[20:]
        return sum(trial.parameters["x"] > 0.5 for trial in late) / len(late)

    assert share_between((Cost("device_seconds"),)) > 2 * share_between(())


def test_a_trial_without_its_cost_teaches_nothing_and_stops_nothing():
    source = make_search("tpe", num_trials=8, secondary_objectives=(Cost("device_seconds"),))
    events = drive(source, judge=lambda trial: replace(record_of(trial), duration_s=float("nan")))
    assert len(asked(events)) == 8
