"""What others have said in the environment changes neither where a study goes nor whether it runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestration.process import temporary
from orchestration.process.errors import UsageError
from orchestration.ray_backend.environment import ray_environment
from orchestration.tracking.environment import settle_environment
from tests.orchestration.command_line import command
from tests.orchestration.mlflow_store import Store

NOWHERE = "/nowhere"
# Values that each of them would act on, or stumble over.
OF_RAY = {
    "RAY_ADDRESS": "127.0.0.1:6379",
    "RAY_AIR_LOCAL_CACHE_DIR": NOWHERE,
    "RAY_CLIENT_MODE": "1",
    "RAY_GCS_SERVER_PORT": "80",
    "RAY_JOB_CONFIG_JSON_ENV_VAR": '{"runtime_env": {"working_dir": "/nowhere"}}',
    "RAY_NAMESPACE": "theirs",
    "RAY_OVERRIDE_LABELS": "{",
    "RAY_OVERRIDE_RESOURCES": '{"CPU": 0}',
    "RAY_REDIS_ADDRESS": "127.0.0.1:1",
    "RAY_RUNTIME_ENV_HOOK": "no.such.hook",
    "RAY_STORAGE": NOWHERE,
    "RAY_TMPDIR": NOWHERE,
    "RAY_USE_TLS": "1",
    "TUNE_DISABLE_AUTO_INIT": "1",
    "TUNE_RESULT_BUFFER_LENGTH": "1000",
    "TUNE_RESULT_DIR": NOWHERE,
}
OF_MLFLOW = {
    "MLFLOW_ACTIVE_MODEL_ID": "theirs",
    "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH": "10",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "true",
    "MLFLOW_ENABLE_WORKSPACES": "true",
    "MLFLOW_EXPERIMENT_ID": "77",
    "MLFLOW_EXPERIMENT_NAME": "theirs",
    "MLFLOW_REGISTRY_URI": "http://127.0.0.1:9",
    "MLFLOW_RUN_CONTEXT": '{"theirs": "1"}',
    "MLFLOW_RUN_ID": "theirs",
    "MLFLOW_SQLALCHEMYSTORE_ECHO": "true",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "theirs",
    "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
    "MLFLOW_WORKSPACE": "theirs",
}
OF_OPTUNA = {"OPTUNA_STORAGE": "sqlite:////nowhere/optuna.db"}
SPACE = """\
study: small
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: ridge}
arms: {models: [median]}
confirm: {seeds: 1, details: false}
resources: {cpu: 1}
"""


# MLflow's tables use what SQLAlchemy 2.1 deprecates; the test reads the store through MLflow.
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
def test_a_study_is_the_same_whatever_the_environment_says(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    # As a batch system's, and longer than Ray's sockets may be by itself.
    long = tmp_path / ("x" * 100)
    long.mkdir()
    done = subprocess.run(
        command("dmd-search", "--space", "space.yaml", "--quiet"),
        cwd=tmp_path,
        env=os.environ | OF_RAY | OF_MLFLOW | OF_OPTUNA | {"TMPDIR": str(long)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("done: 2 completed, 0 pruned, 0 failed\nreport: ")
    assert {path.name for path in tmp_path.iterdir()} == {"space.yaml", "runs", long.name}
    assert list(long.iterdir()) == []
    store = Store(tmp_path / "runs" / "small", study="small")
    assert len(store.parents) == 1
    assert len(store.trials) == 2
    assert {run.info.status for run in (*store.parents, *store.trials.values())} == {"FINISHED"}
    assert all("trial/duration_s" in run.data.metrics for run in store.trials.values())


@pytest.mark.parametrize("has_own_cluster", [True, False])
def test_a_cluster_is_named_on_the_command_line_alone(has_own_cluster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    users = {"RAY_memory_usage_threshold": "0.9", "RAY_AUTH_MODE": "token", "RAY_BACKEND_LOG_LEVEL": "debug"}
    for name, value in (OF_RAY | users).items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with ray_environment(has_own_cluster):
        assert {name for name in OF_RAY if name in os.environ} == (
            set() if has_own_cluster else {name for name in OF_RAY if not name.startswith(("TUNE_", "RAY_AIR_"))}
        )
        assert all(os.environ[name] == value for name, value in users.items()), "they say nothing of where"
        assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert dict(os.environ) == before


def test_how_a_server_is_reached_is_left_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    reach = {"MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60", "MLFLOW_S3_ENDPOINT_URL": "http://s3"}
    for name, value in (OF_MLFLOW | reach).items():
        monkeypatch.setenv(name, value)
    settle_environment("http://server:5000")
    assert {name for name in OF_MLFLOW if os.environ.get(name) == OF_MLFLOW[name]} == {
        "MLFLOW_WORKSPACE",
        "MLFLOW_ENABLE_WORKSPACES",
        "MLFLOW_SQLALCHEMYSTORE_POOLCLASS",
        "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH",
    }, "a server has its own, and may have several parts"
    assert all(os.environ[name] == value for name, value in reach.items())


def test_sockets_go_to_a_short_place_or_the_study_does_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary.tempfile, "tempdir", "/tmp")
    assert temporary.place_for_sockets() == Path("/tmp")
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path / "a-directory-of-a-job"))
    assert temporary.place_for_sockets() == Path("/tmp")
    monkeypatch.setattr(temporary, "_SHORT_PLACES", ("/no-such-place",))
    with pytest.raises(UsageError, match=r"TMPDIR=.*a-directory-of-a-job: too long .* at most 26 characters"):
        temporary.place_for_sockets()
