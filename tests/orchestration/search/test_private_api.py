"""Each private name of Optuna: the installed version has it, and without it a search goes on."""

from __future__ import annotations

from dataclasses import replace

import optuna
import pytest
from optuna.samplers import TPESampler

from orchestration.process.private_names import PrivateName
from orchestration.search import private_api
from orchestration.search.samplers import make_sampler
from orchestration.search.tpe import UniformTPESampler
from tests.orchestration.search.test_samplers import proposals

OF_TPE = pytest.mark.parametrize("name", private_api.OF_TPE, ids=lambda name: name.last)


def without(name: PrivateName) -> PrivateName:
    """The name as a version of Optuna would not have it."""
    return replace(name, attribute=f"{name.attribute}_renamed")


@OF_TPE
def test_a_sampler_of_the_installed_optuna_has_the_name(name: PrivateName) -> None:
    assert name.of(TPESampler(seed=1, multivariate=True)) is not None


@OF_TPE
def test_without_a_name_proposals_are_the_same(
    name: PrivateName, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    known = proposals(TPESampler, ["minimize"], 2, num_trials=9)
    names = tuple(without(other) if other == name else other for other in private_api.OF_TPE)
    monkeypatch.setattr(private_api, "OF_TPE", names)
    assert proposals(UniformTPESampler, ["minimize"], 2, num_trials=9) == known
    (line,) = caplog.messages
    assert line.startswith(f"this version of optuna has no optuna.samplers.TPESampler.{name.last}_renamed, which is")
    assert line.endswith("without it, proposals stay the same and take longer as a search grows")


def ask_after_a_stopped_trial() -> float:
    """What CMA-ES proposes after two completed trials and a stopped one."""
    study = optuna.create_study()
    for number in range(3):
        trial = study.ask()
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.report(x, 1)
        study.tell(trial, x if number < 2 else None, state=None if number < 2 else optuna.trial.TrialState.PRUNED)
    study.sampler = make_sampler("cmaes", 1, 100)
    return study.ask().suggest_float("x", 0.0, 1.0)


def test_a_study_of_the_installed_optuna_has_the_name() -> None:
    assert private_api.GET_TRIALS.find() is not None


def test_without_it_searchers_of_completed_trials_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(private_api, "GET_TRIALS", without(private_api.GET_TRIALS))
    assert 0.0 <= ask_after_a_stopped_trial() <= 1.0
    (line,) = caplog.messages
    assert line.startswith("this version of optuna has no optuna.Study._get_trials_renamed, which is used for showing")
