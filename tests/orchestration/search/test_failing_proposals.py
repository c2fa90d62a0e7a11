"""A search learns from what fails by its configuration, and nothing from what a machine lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import optuna
import pytest
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from orchestration.search.ended_trials import complete_all
from orchestration.search.objective import Cost, Objective
from orchestration.search.optuna_search import SearchedSource
from reports.records.run_record import EpochPoint, RunRecord
from search_spaces.schema.distributions import Choice, LogUniform
from search_spaces.terms.trial import Trial
from tests.orchestration.search.source_contract import SourceContract
from tests.orchestration.search.test_optuna_search import make_search
from tests.orchestration.simulated_trials import asked, drive, record_of

RATE = LogUniform(1e-4, 1.0)
BEST_RATE = 0.003
TOO_HIGH = 0.1
"""Above it every trial diverges: a quarter of the range."""

Judge = Callable[[Trial], RunRecord]


def rate_of(trial: Trial) -> float:
    return float(trial.parameters["rate"])


def distance(trial: Trial) -> float:
    return (math.log10(rate_of(trial)) - math.log10(BEST_RATE)) ** 2


def diverging(trial: Trial) -> RunRecord:
    return record_of(trial, distance(trial), "failed" if rate_of(trial) > TOO_HIGH else "completed")


def without_number(trial: Trial) -> RunRecord:
    """Trains to its end, with a validation error that is no number."""
    return record_of(trial, math.nan if rate_of(trial) > TOO_HIGH else distance(trial))


def stopped_at_nan(trial: Trial) -> RunRecord:
    """The stopping rule ends what reports no number."""
    if rate_of(trial) <= TOO_HIGH:
        return record_of(trial, distance(trial))
    return replace(record_of(trial, math.nan, "pruned"), epochs=(EpochPoint(2, {"valid/mae": math.nan}),))


def maximised(trial: Trial) -> RunRecord:
    record = diverging(trial)
    return replace(record, valid={name: -value for name, value in record.valid.items()})


def num_failing(source: SearchedSource, judge: Judge, last: int = 20) -> int:
    """Of the last proposals those that could not work."""
    return sum(rate_of(trial) > TOO_HIGH for trial in asked(drive(source, judge=judge))[-last:])


@pytest.mark.parametrize("seed", range(20))
def test_tpe_turns_from_what_diverges(seed: int) -> None:
    assert num_failing(make_search("tpe", {"rate": RATE}, 40, seed), diverging) <= 3


@pytest.mark.parametrize("judge", [without_number, stopped_at_nan])
def test_a_value_that_is_no_number_is_a_failure_too(judge: Judge) -> None:
    assert sum(num_failing(make_search("tpe", {"rate": RATE}, 40, seed), judge) for seed in range(5)) <= 10


def test_higher_may_be_better() -> None:
    source = make_search("tpe", {"rate": RATE}, 40, objective=Objective("mae", "maximize"))
    assert num_failing(source, maximised) <= 3


@pytest.mark.parametrize("seed", range(5))
def test_tpe_turns_from_it_with_several_objectives(seed: int) -> None:
    source = make_search("tpe", {"rate": RATE}, 40, seed, secondary_objectives=(Cost("device_seconds"),))
    assert num_failing(source, lambda trial: replace(diverging(trial), duration_s=1 + rate_of(trial))) <= 4


@pytest.mark.parametrize("seed", range(5))
def test_tpe_turns_from_it_with_conditional_parameters(seed: int) -> None:
    space = {"kind": Choice(("a", "b")), "rate": RATE, "depth": LogUniform(1.0, 8.0)}
    source = make_search(
        "tpe",
        space,
        40,
        seed,
        is_active=lambda name, chosen: name != "depth" or chosen["kind"] == "a",
        is_conditional=True,
    )
    assert num_failing(source, diverging) <= 5


@pytest.mark.parametrize("seed", range(5))
def test_cmaes_turns_from_it(seed: int) -> None:
    assert num_failing(make_search("cmaes", {"rate": RATE}, 40, seed), diverging) <= 1


@pytest.mark.parametrize("seed", [2, 3])
def test_gp_turns_from_it(seed: int) -> None:
    """After the four trials that it draws at random."""
    assert num_failing(make_search("gp", {"rate": RATE}, 10, seed), diverging, last=6) == 0


def test_gp_turns_from_what_is_stopped_early() -> None:
    def stopping(trial: Trial) -> RunRecord:
        is_bad = rate_of(trial) > TOO_HIGH
        return record_of(trial, 9.0 if is_bad else distance(trial), "pruned" if is_bad else "completed")

    assert num_failing(make_search("gp", {"rate": RATE}, 10, 3), stopping, last=6) == 0


class TestFailingTpe(SourceContract):
    def make_source(self) -> SearchedSource:
        return make_search("tpe", {"rate": RATE}, 30)


@pytest.mark.parametrize("searcher", ["tpe", "gp", "cmaes"])
def test_a_lost_trial_teaches_nothing(searcher: str) -> None:
    """A search whose every trial is lost still knows nothing, and draws at random; one whose trials fail does not."""

    def rates(of: str, is_lost: bool) -> list[float]:
        source = make_search(of, {"rate": RATE}, 8)
        events = drive(source, judge=lambda trial: replace(record_of(trial, status="failed"), is_lost=is_lost))
        return [rate_of(trial) for trial in asked(events)]

    assert rates(searcher, is_lost=True) == rates("random", is_lost=True)
    assert rates(searcher, is_lost=False) != rates("random", is_lost=False)


def told(number: int, values: list[float] | None = None, last: float | None = None) -> FrozenTrial:
    """A trial that completed with ``values``, or was stopped at ``last``, or failed."""
    trial = create_trial(
        state=TrialState.PRUNED if values is None else TrialState.COMPLETE,
        values=values,
        params={"x": 0.5},
        distributions={"x": optuna.distributions.FloatDistribution(0, 1)},
        intermediate_values={} if last is None else {1: 9.0, 4: last},
    )
    trial.number = number
    return trial


def test_a_failure_is_worse_than_all_that_has_a_value_whenever_it_came() -> None:
    """By hand: the values 1, 3 and 5 (the last one of a stopped trial) have a standard deviation of sqrt(8 / 3)."""
    trials = [told(0), told(1, [1.0]), told(2, [3.0]), told(3, last=5.0)]
    low, high = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE
    worse = math.sqrt(8 / 3)
    assert [trial.values for trial in complete_all(trials, [low])] == [[pytest.approx(5 + worse)], [1.0], [3.0], [5.0]]
    assert complete_all(trials, [high])[0].values == [pytest.approx(1 - worse)]
    assert {trial.state for trial in complete_all(trials, [low])} == {TrialState.COMPLETE}
    assert trials[0].state == TrialState.PRUNED, "the history itself stays as it is"


def test_a_failure_is_worse_in_every_objective_also_where_all_are_alike_or_none_is_known() -> None:
    directions = [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]
    failed, *_ = complete_all([told(0), told(1, [2.0, 10.0]), told(2, [2.0, 20.0])], directions)
    assert failed.values == [3.0, 5.0]
    assert complete_all([told(0)], directions)[0].values == [0.0, 0.0]
