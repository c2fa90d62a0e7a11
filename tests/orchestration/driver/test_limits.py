"""A study ends at its limits, goes on when they are raised, and its downtime does not count."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.driver.limits import LimitWatch, StudyLimits, limits_of
from orchestration.executors.inline import InlineExecutor
from orchestration.ledger.events import Event
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.trial_json import trial_to_json
from orchestration.run_study import StudyOutcome
from orchestration.search.listed_source import ListedSource
from orchestration.search.objective import Objective
from orchestration.search.stagnation import StagnationLimit
from search_spaces.terms.trial import Trial
from tests.orchestration.search.source_contract import SourceContract
from tests.orchestration.simulated_trials import asked, drive, record_of
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import run_toy, state_of
from tests.search_spaces.example_spaces import space_of

HOUR_MS = 3_600_000


class Story:
    """Events at chosen hours, seen by a watch whose clock stands at the last of them."""

    def __init__(self, **limits: float) -> None:
        self.now_ms = 0
        self.watch = LimitWatch(StudyLimits(**limits), lambda: self.now_ms)  # type: ignore[arg-type]

    def at(self, hour: float, kind: str = "", trial: str = "") -> Story:
        self.now_ms = int(hour * HOUR_MS)
        if kind:
            self.watch.see(Event(1, self.now_ms, kind, {"trial_id": trial}))  # type: ignore[arg-type]
        return self


def test_the_time_between_sessions_does_not_count() -> None:
    story = Story(wall_s=5 * 3600).at(0, "start").at(1, "attempt", "a").at(3, "report", "a")
    story.at(100, "start")  # the first session was killed; its last event was at hour 3
    assert story.watch.seconds_left == 2 * 3600
    assert story.at(101.9).watch.reached is None
    assert story.at(102).watch.reached == "wall_time of 5 h"


def test_a_date_counts_whatever_was_used() -> None:
    story = Story(until_ms=10 * HOUR_MS).at(0, "start")
    assert story.at(9).watch.seconds_left == 3600
    assert story.watch.reached is None
    assert (story.at(10).watch.reached or "").startswith("until 1970-01-01 10:00:00 UTC")


def test_gpu_hours_are_held_time_of_ended_running_and_lost_attempts() -> None:
    story = Story(gpu_hours=6.0, gpus=0.5).at(0, "start").at(1, "attempt", "a").at(3, "tell", "a")  # 2 h
    story.at(3, "attempt", "b").at(5, "attempt", "b")  # the worker was lost: 2 h, and again
    story.at(7, "report", "b").at(50, "start")  # killed: 2 h, and nothing until the next session
    assert story.at(51).watch.reached is None
    story.at(52, "attempt", "b")
    assert story.at(57.9).watch.reached is None
    assert story.at(58).watch.reached == "gpu_hours, 6 of them"


def test_a_trial_that_is_started_again_is_one_trial() -> None:
    story = Story(trials=2).at(0, "start").at(1, "attempt", "a").at(2, "attempt", "a")
    assert story.watch.reached is None
    assert story.at(3, "attempt", "b").watch.reached == "trials, 2 of them"


def test_limits_of_a_space() -> None:
    space = space_of("limits: {wall_time: 1h, gpu_hours: 3, until: 1970-01-02T00:00Z}\nresources: {gpu: 0.5}\n")
    assert limits_of(space) == StudyLimits(3600.0, 24 * HOUR_MS, 3.0, 0.5, None)


def trials(number: int) -> list[Trial]:
    return [make_trial(seed=seed, x=0.1) for seed in range(number)]


def run(directory: Path, limits: StudyLimits, epoch_s: float = 0.0, number: int = 6) -> StudyOutcome:
    source = ListedSource(trials(number))
    return run_toy(directory, source, InlineExecutor(), epoch_s=epoch_s, limits=limits)


def test_a_study_ends_at_its_number_of_trials_and_goes_on_when_that_is_raised(tmp_path: Path) -> None:
    first = run(tmp_path, StudyLimits(trials=2))
    assert (first.num_completed, first.is_interrupted, first.limit) == (2, False, "trials, 2 of them")
    assert state_of(tmp_path).limit == "trials, 2 of them"
    again = run(tmp_path, StudyLimits(trials=2))
    assert (again.num_completed, again.limit) == (2, "trials, 2 of them")
    more = run(tmp_path, StudyLimits(trials=4))
    assert (more.num_completed, more.limit) == (4, "trials, 4 of them")
    rest = run(tmp_path, StudyLimits())
    assert (rest.num_completed, rest.limit) == (6, None)
    assert state_of(tmp_path).limit is None


def test_wall_time_stops_a_running_trial_which_then_goes_on(tmp_path: Path) -> None:
    began = time.monotonic()
    cut = run(tmp_path, StudyLimits(wall_s=0.5), epoch_s=0.2)
    assert time.monotonic() - began < 3
    assert (cut.is_interrupted, cut.limit) == (False, "wall_time of 0.5 s")
    assert cut.num_completed < 3
    assert state_of(tmp_path).running, "the trial keeps its state and is no failure"
    rest = run(tmp_path, StudyLimits(), epoch_s=0.0)
    assert (rest.num_completed, rest.num_failed, rest.limit) == (6, 0, None)


def test_trials_that_ran_at_the_number_limit_are_finished_first(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        trial = trials(1)[0]
        ledger.append("start", {"study": "s"})
        ledger.append("ask", {"trial_id": trial.id, "trial": trial_to_json(trial)})
        ledger.append("attempt", {"trial_id": trial.id})
    outcome = run(tmp_path, StudyLimits(trials=1))
    assert (outcome.num_completed, outcome.limit) == (1, "trials, 1 of them")


class TestStagnation(SourceContract):
    def make_source(self) -> StagnationLimit:
        listed = [make_trial(stage="search", parameters={"x": x / 10}) for x in range(10)]
        return StagnationLimit(ListedSource(listed), Objective("mae"), 3)


@pytest.mark.parametrize(("values", "expected"), [([3, 2, 2, 2, 2, 1, 0], 5), ([3, 2, 3, 1, 3, 0, 3], 7), ([1] * 7, 4)])
def test_a_search_ends_when_nothing_gets_better(values: list[float], expected: int) -> None:
    listed = [make_trial(seed=seed, stage="search") for seed in range(7)]
    source = StagnationLimit(ListedSource(listed), Objective("mae"), 3)
    events = drive(source, judge=lambda trial: record_of(trial, float(values[trial.seed])))
    assert len(asked(events)) == expected


def test_failures_count_as_no_progress() -> None:
    source = StagnationLimit(ListedSource(trials(9)), Objective("mae"), 2)
    assert len(asked(drive(source, judge=lambda trial: replace(record_of(trial, status="failed"))))) == 2
