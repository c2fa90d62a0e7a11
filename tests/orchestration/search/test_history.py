"""A bounded history: it keeps the best and the latest, forgets the same after a restart, and stays fast."""

from __future__ import annotations

import pytest

from orchestration.search import history as memory_module
from orchestration.search.history import SearchHistory, describe_history, has_bounded_history
from orchestration.search.samplers import make_sampler, suggest
from search_spaces.schema.distributions import Uniform
from tests.orchestration.search.source_contract import SourceContract
from tests.orchestration.search.test_optuna_search import make_search
from tests.orchestration.simulated_trials import asked, drive, replay

SMALL = {"MAX_HISTORY": 20, "NUM_BEST": 5, "_SLACK": 4}


@pytest.fixture(autouse=True)
def _small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setattr(memory_module, name, value)


def make_history(is_bounded: bool = True, direction: str = "minimize") -> SearchHistory:
    return SearchHistory([direction], lambda trial: suggest(trial, "x", Uniform(0.0, 1.0)), is_bounded)  # type: ignore[list-item]


def fill(history: SearchHistory, values: list[float]) -> None:
    for number, value in enumerate(values):
        history.keep(str(number), history.propose(make_sampler("random", number, 100)))
        history.complete(str(number), [value])


def values_in(history: SearchHistory) -> list[float]:
    return [trial.value or 0.0 for trial in history._study.get_trials(deepcopy=False) if trial.state.is_finished()]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_best_and_the_latest_are_kept_in_their_order(direction: str) -> None:
    history = make_history(direction=direction)
    sign = 1 if direction == "minimize" else -1
    values = [sign * value for value in [3.0, *([50.0] * 8), 1.0, 2.0, *(100.0 + i for i in range(12)), 7.0]]
    assert len(values) == 24
    fill(history, values)
    assert history.num_finished == 20
    # The five best are 1, 2, 3, 7 and the first 50; of the others the fifteen latest.
    others = [50.0] * 3 + [1.0, 2.0] + [100.0 + i for i in range(12)]
    assert values_in(history) == [sign * value for value in [3.0, 50.0, *others, 7.0]]


def test_running_trials_outlive_the_forgetting() -> None:
    history = make_history()
    history.keep("running", history.propose(make_sampler("random", 99, 100)))
    fill(history, [float(value) for value in range(24)])
    history.complete("running", [-1.0])
    assert -1.0 in values_in(history)
    history.complete("unknown", [0.0])
    assert history.num_finished == 21


def test_without_a_bound_nothing_is_forgotten() -> None:
    history = make_history(is_bounded=False)
    fill(history, [0.0] * 60)
    assert history.num_finished == 60
    assert [has_bounded_history(name) for name in ("tpe", "gp", "cmaes", "random")] == [True, True, False, False]  # type: ignore[arg-type]


class TestForgetfulTpe(SourceContract):
    """Pruned and failed trials among them, at every cut: a restored search forgets what the first one forgot."""

    def make_source(self):  # type: ignore[no-untyped-def]
        return make_search("tpe", num_trials=60)


def test_what_was_forgotten_does_not_depend_on_restarts() -> None:
    whole = drive(make_search("tpe", num_trials=70), num_workers=3)
    for cut in (40, 90, 120):
        restored = make_search("tpe", num_trials=70)
        replay(restored, whole[:cut])
        following = next(item for kind, item in whole[cut:] if kind == "ask")
        if whole[cut][0] == "ask":
            assert restored.ask() == following
    assert len(asked(whole)) == 70


def test_a_study_says_what_its_searches_go_by_if_that_is_not_everything() -> None:
    assert describe_history("tpe", 25) == (
        "its 5 best and its latest trials, 20 in all, and forgot the others whenever it had 24"
    )
    # The 24th trial is the last one of its search: nothing is proposed after it.
    assert describe_history("tpe", 24) is None
    assert describe_history("cmaes", 10_000) is None
