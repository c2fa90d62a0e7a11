"""Each private name of Ray: the installed version has it, its change is undone, and without it the product goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.tune.experiment import Trial as TuneTrial

from orchestration.executors.protocol import Resources
from orchestration.process.interruption import Interruption
from orchestration.process.private_names import PrivateName
from orchestration.ray_backend import private_cluster_api, private_tune_api
from orchestration.ray_backend.executor import RayTuneExecutor
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import listed, run_toy

OF_MODULES = (*private_cluster_api.OF_MODULES, *private_tune_api.OF_MODULES)
HOMES = {
    name: module
    for module in (private_cluster_api, private_tune_api)
    for name, value in vars(module).items()
    if isinstance(value, PrivateName) and value in (*OF_MODULES, *private_tune_api.OF_INSTANCES)
}
"""The module of each name."""
NAMES: dict[str, PrivateName] = {name: getattr(module, name) for name, module in HOMES.items()}
CHANGES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "WORKER_LOGS": private_cluster_api.quiet_dead_workers,
    "API_SERVER": private_cluster_api.lean_cluster,
    "MONITOR": private_cluster_api.lean_cluster,
    "LOG_MONITOR": private_cluster_api.lean_cluster,
    "DASHBOARD_DEPENDENCIES": private_cluster_api.lean_cluster,
    "GET_NODE": private_cluster_api.lean_cluster,
    "NODE_INIT": lambda: private_cluster_api.interruptible_ray_init(Interruption()),
    "START_PROCESS": lambda: private_cluster_api.interruptible_ray_init(Interruption()),
    "WAIT_FOR_PORT": lambda: private_cluster_api.interruptible_ray_init(Interruption()),
    "SIGTERM_HANDLER": lambda: private_cluster_api.interruptible_ray_init(Interruption()),
    "ACTOR_MANAGER": private_tune_api.treat_oom_kill_as_actor_death,
    "TASK_FAILED": private_tune_api.treat_oom_kill_as_actor_death,
    "WORKER_VARIABLES": private_tune_api.any_worker_serves,
    "PASSED_VARIABLES": private_tune_api.any_worker_serves,
    "IDLE_WORKERS": private_tune_api.idle_workers_stay,
    "SESSION_DIR": lambda: private_tune_api.redirect_tune_session_dir(Path("elsewhere")),
}
NOBODY = SimpleNamespace()
READS: dict[str, Callable[[], object]] = {
    "ACTOR_ID": lambda: private_tune_api.actor_id(NOBODY),
    "RAY_ACTOR": lambda: private_tune_api.worker_of(SimpleNamespace(temporary_state=NOBODY)),
    "TEMPORARY_STATE": lambda: private_tune_api.worker_of(NOBODY),
    "ERROR_FILE": lambda: private_tune_api.error_file_of(NOBODY),
}


def renamed(name: PrivateName) -> PrivateName:
    """The name as a version of Ray would not have it."""
    return replace(name, attribute=f"{name.attribute}_renamed")


def test_every_name_is_listed_and_tested() -> None:
    called = {"LAST_RESULT", "GCS_CLIENT", "READ_VARIABLES", "TOKEN_LOADER"}
    assert {*NAMES} == {*CHANGES, *READS, *called}
    assert len(NAMES) == len(OF_MODULES) + len(private_tune_api.OF_INSTANCES)


@pytest.mark.parametrize("name", OF_MODULES, ids=lambda name: name.attribute)
def test_the_installed_ray_has_the_name(name: PrivateName) -> None:
    assert name.find() is not None


def test_a_trial_of_the_installed_tune_has_the_names(caplog: pytest.LogCaptureFixture) -> None:
    trial = TuneTrial("unregistered", stub=True)
    assert private_tune_api.worker_of(trial) is None, "none runs it yet"
    trial.temporary_state.ray_actor = "the worker"  # type: ignore[assignment]
    assert private_tune_api.worker_of(trial) == "the worker"
    trial.run_metadata.last_result = {"ending": 7, "trial_id": "a", "more": 1}
    assert private_tune_api.take_from_result(trial, {}, "ending") == 7
    assert "ending" not in trial.last_result, "Tune keeps it no longer"
    assert caplog.messages == []


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_to_ray_is_undone(name: str) -> None:
    before = NAMES[name].find()
    with CHANGES[name]():
        assert NAMES[name].find() != before
    assert NAMES[name].find() == before


@pytest.mark.parametrize("name", CHANGES)
def test_without_a_name_nothing_is_changed_and_the_log_says_so_once(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = NAMES[name].find()
    monkeypatch.setattr(HOMES[name], name, renamed(NAMES[name]))
    for _ in range(2):
        with CHANGES[name]():
            assert NAMES[name].find() == before
    (line,) = caplog.messages
    assert line.startswith(f"this version of ray has no {NAMES[name].module}.{NAMES[name].attribute}_renamed, which is")
    assert line.endswith(f"; without it, {NAMES[name].without}")


@pytest.mark.parametrize("name", READS)
def test_what_lacks_a_name_answers_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert READS[name]() is None
    assert READS[name]() is None
    assert len(caplog.messages) <= 1


def test_without_tune_s_last_result_the_one_that_it_hands_over_is_read(caplog: pytest.LogCaptureFixture) -> None:
    assert private_tune_api.take_from_result(NOBODY, {"ending": 7}, "ending") == 7
    assert private_tune_api.take_from_result(NOBODY, {}, "ending") is None


@pytest.mark.long
def test_a_study_ends_without_any_of_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NAMES.items():
        monkeypatch.setattr(HOMES[name], name, renamed(value))
    outcome = run_toy(tmp_path, listed([make_trial(1), make_trial(2)]), RayTuneExecutor(Resources(), num_cpus=1))
    assert (outcome.num_completed, outcome.num_failed, outcome.is_interrupted) == (2, 0, False)
