"""Stopping rules: one arm and cell at a time, on our epochs, the same after a replay."""

from __future__ import annotations

import math
import random

import optuna
import pytest

from orchestration.search.stopping.by_arm import make_stopping
from orchestration.search.stopping.rule import NeverStop
from orchestration.search.stopping.successive_halving import HalvingRule, HyperbandRule
from search_spaces.schema.schedulers import Scheduler
from search_spaces.terms.trial import Cell
from tests.orchestration.toy_runner import make_trial

NAMES = ["none", "asha", "hyperband", "median"]


def trial(number, arm="full", stage="search", cell=Cell()):  # noqa: B008
    return make_trial(number, arm, stage, cell)


def value_of(number, epoch):
    return ((number * 7919) % 101) / 101 + 1 / epoch


def run_trials(rule, numbers, arm="full", stage="search"):
    """Every trial to its end or stop, one after the other; returns the epoch at which each one ended."""
    ends = {}
    for number in numbers:
        current = trial(number, arm, stage)
        for epoch in range(1, 28):
            ends[number] = epoch
            if rule.report(current, epoch, value_of(number, epoch)) == "stop":
                break
        rule.end(current, "completed" if ends[number] == 27 else "pruned")
    return ends


@pytest.mark.parametrize("name", NAMES)
class TestEveryRule:
    def test_confirm_trials_are_never_stopped(self, name):
        rule = make_stopping(Scheduler(name), "minimize", 27)
        assert set(run_trials(rule, range(30), stage="confirm").values()) == {27}

    def test_other_arms_and_cells_do_not_matter(self, name):
        alone = run_trials(make_stopping(Scheduler(name), "minimize", 27), range(20))
        rule = make_stopping(Scheduler(name), "minimize", 27)
        for number in range(20):
            for epoch in range(1, 28):
                rule.report(trial(number, "perfect"), epoch, 0.0)
                rule.report(trial(number, cell=Cell(0, 1)), epoch, 0.0)
            rule.end(trial(number, "perfect"), "completed")
        assert run_trials(rule, range(20)) == alone

    def test_a_repeated_epoch_is_decided_as_before_and_changes_nothing(self, name):
        once, twice = make_stopping(Scheduler(name), "minimize", 27), make_stopping(Scheduler(name), "minimize", 27)
        for number in range(12):
            for epoch in range(1, 28):
                decision = once.report(trial(number), epoch, value_of(number, epoch))
                assert twice.report(trial(number), epoch, value_of(number, epoch)) == decision
                assert twice.report(trial(number), epoch, 99.0) == decision
                if decision == "stop":
                    break
            for rule in (once, twice):
                rule.end(trial(number), "pruned" if decision == "stop" else "completed")

    def test_replayed_reports_give_the_same_state(self, name):
        whole = run_trials(make_stopping(Scheduler(name), "minimize", 27), range(20))
        restored = make_stopping(Scheduler(name), "minimize", 27)
        run_trials(restored, range(10))
        assert run_trials(restored, range(10, 20)) == {number: whole[number] for number in range(10, 20)}

    def test_maximising_mirrors_minimising(self, name):
        low, high = make_stopping(Scheduler(name), "minimize", 9), make_stopping(Scheduler(name), "maximize", 9)
        for number in range(12):
            for epoch in range(1, 10):
                value = value_of(number, epoch)
                assert low.report(trial(number), epoch, value) == high.report(trial(number), epoch, -value)


def test_none_never_stops():
    assert set(run_trials(make_stopping(Scheduler("none"), "minimize", 27), range(10)).values()) == {27}


@pytest.mark.parametrize("name", ["asha", "hyperband", "median"])
def test_bad_trials_end_early_and_the_best_does_not(name):
    ends = run_trials(make_stopping(Scheduler(name), "minimize", 27), range(40))
    best = min(range(40), key=lambda number: value_of(number, 27))
    assert ends[best] == 27
    assert sum(ends.values()) < 40 * 27 * 0.8


def test_asha_by_hand():
    # max_epochs 9: rungs after epochs 1, 3, 9. At a rung a trial passes if it is among the best third of all that
    # reached it, itself included, and at least one passes: 0.5 alone; 0.6 is not the best of two; 0.4 is the best of
    # three; 0.45 is second of four (a third of four is one); epoch 2 is no rung.
    rule = make_stopping(Scheduler("asha"), "minimize", 9)
    decisions = [rule.report(trial(i), 1, value) for i, value in enumerate([0.5, 0.6, 0.4, 0.45])]
    assert decisions == ["continue", "stop", "continue", "stop"]
    assert rule.report(trial(0), 2, 99.0) == "continue"
    assert rule.report(trial(2), 2, 0.3) == "continue"
    assert rule.report(trial(2), 3, 0.3) == "continue"
    assert rule.report(trial(0), 3, 0.35) == "stop"


def test_asha_stops_at_nan():
    assert make_stopping(Scheduler("asha"), "minimize", 9).report(trial(0), 1, float("nan")) == "stop"


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("first_rung", [1, 3])
def test_asha_decides_as_optuna_does(first_rung, direction):
    # Eight trials at a time whose epochs come in any order, with equal, infinite and undefined values among them.
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=first_rung, reduction_factor=3)
    study = optuna.create_study(direction=direction, pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0))
    rule = HalvingRule(first_rung, direction, 3)
    draw = random.Random(first_rung)
    values = [*(place / 10 for place in range(20)), math.inf, -math.inf, math.nan]
    running, num_started, ends = {}, 0, []
    while len(ends) < 300:
        while len(running) < 8:
            running[num_started] = (study.ask(), 1)
            num_started += 1
        number = draw.choice(list(running))
        optunas, epoch = running.pop(number)
        value = draw.choice(values)
        optunas.report(value, epoch)
        decision = rule.report(trial(number), epoch, value)
        assert decision == ("stop" if optunas.should_prune() else "continue")
        if decision == "stop" or epoch == 27:
            study.tell(optunas, state=optuna.trial.TrialState.PRUNED)
            rule.end(trial(number), "pruned" if decision == "stop" else "completed")
            ends.append(epoch)
        else:
            running[number] = (optunas, epoch + 1)
    assert {first_rung, 27} < set(ends)


def test_median_by_hand():
    # After five completed trials of 0.1 .. 0.5 (median 0.3) and the tenth of the epochs: 0.31 stops, 0.29 does not.
    rule = make_stopping(Scheduler("median"), "minimize", 10)
    for number in range(5):
        for epoch in (1, 2):
            assert rule.report(trial(number), epoch, 0.1 * (number + 1)) == "continue"
        rule.end(trial(number), "completed")
    assert rule.report(trial(10), 2, 0.31) == "stop"
    assert rule.report(trial(11), 2, 0.29) == "continue"


def test_brackets_go_by_the_id_of_the_trial_in_the_proportions_of_hyperband():
    rule = HyperbandRule([NeverStop(), NeverStop(), NeverStop()], 3)
    brackets = [rule.bracket_of(trial(number)) for number in range(3000)]
    assert brackets == [rule.bracket_of(trial(number)) for number in range(3000)]
    # ceil(3 * 9 / 3), ceil(3 * 3 / 2), ceil(3 * 1 / 1) = 9, 5, 3 of 17.
    for bracket, share in enumerate((9 / 17, 5 / 17, 3 / 17)):
        assert brackets.count(bracket) / 3000 == pytest.approx(share, abs=0.03)


def test_a_trial_that_ends_without_a_report_is_no_problem():
    for name in NAMES:
        rule = make_stopping(Scheduler(name), "minimize", 9)
        rule.end(trial(0), "failed")
        # and it leaves no trace: the first trial that reports has nothing to be compared with
        assert rule.report(trial(1), 1, 0.5) == "continue", name


def test_asha_with_settings_by_hand():
    # grace 2, reduction 4: rungs after epochs 2, 8, 32. A quarter of five is one: only the best of the five passes.
    rule = make_stopping(Scheduler("asha", grace=2, reduction=4), "minimize", 32)
    assert [rule.report(trial(i), 1, 9.0) for i in range(5)] == ["continue"] * 5
    decisions = [rule.report(trial(i), 2, value) for i, value in enumerate([0.5, 0.6, 0.4, 0.45, 0.39])]
    assert decisions == ["continue", "stop", "continue", "stop", "continue"]
    assert rule.report(trial(4), 7, 9.0) == "continue"
    assert rule.report(trial(4), 8, 9.0) == "continue", "the first at its rung"
    assert rule.report(trial(2), 8, 9.1) == "stop"


def test_median_with_settings_by_hand():
    # grace 3, two completed trials of 0.1 and 0.3: the median is 0.2.
    rule = make_stopping(Scheduler("median", grace=3, min_trials=2), "minimize", 10)
    for number, value in enumerate((0.1, 0.3)):
        for epoch in (1, 2, 3):
            assert rule.report(trial(number), epoch, value) == "continue"
        rule.end(trial(number), "completed")
    assert rule.report(trial(10), 2, 9.0) == "continue", "not before the grace is over"
    assert rule.report(trial(10), 3, 9.0) == "stop"
    assert rule.report(trial(11), 3, 0.19) == "continue"
