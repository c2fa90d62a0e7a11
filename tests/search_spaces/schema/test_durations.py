"""Durations and dates as people write them, and limits in a space."""

from __future__ import annotations

import datetime

import pytest

from search_spaces.schema.durations import parse_date, parse_duration
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.example_spaces import BASE, problems_of, space_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("90m", 5400), ("1.5h", 5400), ("1h30m", 5400), (" 1d 12 h ", 129600), ("2d", 172800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "h", "1h30", "2 weeks", "-1h", "0h", "1e3h", "99999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)


def test_dates_have_a_time_zone() -> None:
    utc = datetime.UTC
    assert parse_date("2026-10-01T18:00+02:00") == datetime.datetime(2026, 10, 1, 16, tzinfo=utc)
    assert parse_date("2026-10-01 18:00Z") == datetime.datetime(2026, 10, 1, 18, tzinfo=utc)
    local = parse_date("2026-10-01")
    assert local.tzinfo is not None
    assert (local.year, local.month, local.day, local.hour) == (2026, 10, 1, 0)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "10:00", "2026"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        parse_date(text)


def test_limits_are_read_and_do_not_decide_which_trials_there_are() -> None:
    limits = "limits: {wall_time: 2h, until: 2026-10-01 18:00, trials: 40}\n"
    space = space_of(limits)
    assert (space.limits.wall_time, space.limits.until, space.limits.trials) == ("2h", "2026-10-01 18:00", 40)
    assert SearchSpace.model_validate(space.resolved()) == space
    assert space.digest == space_of().digest
    search = "search: {parameters: {gamma: {uniform: [0, 1]}}}\n"
    assert space_of(search + "limits: {stagnation: 3}\n").digest != space_of(search).digest


def test_a_trial_timeout_is_the_limit_that_is_stored_as_silence() -> None:
    written = {name: space_of(f"limits: {{{name}: 20m}}\n") for name in ("silence", "trial_timeout")}
    assert written["trial_timeout"] == written["silence"]
    assert written["trial_timeout"].digest == written["silence"].digest
    assert written["trial_timeout"].resolved()["limits"] == {"silence": "20m"}
    assert SearchSpace.model_validate(written["trial_timeout"].resolved()) == written["silence"]


@pytest.mark.parametrize("limits", ["{silence: null, trial_timeout: 20m}", "{silence: 20m, trial_timeout: null}"])
def test_a_name_without_a_value_leaves_the_other_name_of_the_limit_free(limits: str) -> None:
    assert space_of(f"limits: {limits}\n").limits.silence == "20m"


@pytest.mark.parametrize(
    ("limits", "path", "words"),
    [
        ("{wall_time: 2}", "limits.wall_time", "text with a unit"),
        ("{wall_time: 2 parsecs}", "limits.wall_time", "must be a duration"),
        ("{until: soon}", "limits.until", "must be a date"),
        ("{gpu_hours: 3}", "limits.gpu_hours", "has no meaning"),
        ("{gpu_hours: 0}", "limits.gpu_hours", "greater than 0"),
        ("{trials: 0}", "limits.trials", "greater than or equal to 1"),
        ("{stagnation: 4}", "limits.stagnation", "nothing is searched"),
        ("{trial_timeout: soon}", "limits.trial_timeout", "must be a duration"),
        ("{trial_timout: 2h}", "limits.trial_timout", "did you mean 'trial_timeout'?"),
        ("{silence: 2h, trial_timeout: 2h}", "limits", "two names of one limit; remove one"),
        ("{walltime: 2h}", "limits.walltime", "did you mean 'wall_time'?"),
    ],
)
def test_mistakes_are_named(limits: str, path: str, words: str) -> None:
    (problem,) = problems_of(f"{BASE}limits: {limits}\n")
    assert (problem.path, problem.line) == (path, 4)
    assert words in problem.message
