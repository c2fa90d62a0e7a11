"""A team's MLflow on PostgreSQL: a real study tracked there is whole, is there once, and tells nobody the password."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.ledger.events import Event
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.trial_json import trial_from_json
from orchestration.process.errors import UsageError
from orchestration.process.redaction import without_credentials
from orchestration.tracking.database import is_database, require_driver
from orchestration.tracking.position import POSITION_FILE
from reports.records.serialise import record_from_json
from tests.orchestration.cli.test_report import files_of
from tests.orchestration.command_line import SEARCH, command, run, write_space
from tests.orchestration.files_with_text import files_with
from tests.orchestration.tracking.test_mlflow_tracker import free_port

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'dmd-search[postgres]'")
from tests.orchestration.postgres_server import PASSWORD, PostgresServer, find_binaries, postgres_server  # noqa: E402

CANARY = PASSWORD.partition(":")[0]
NEEDS_SERVER = pytest.mark.skipif(
    find_binaries() is None, reason="PostgreSQL is not installed: apt-get install postgresql"
)
POINTS = """\
SELECT t.value, m.key, m.step, m.timestamp, m.value FROM metrics m JOIN tags t ON t.run_uuid = m.run_uuid
WHERE t.key = 'trial_id'"""
PARAMS = """\
SELECT t.value, p.key, p.value FROM params p JOIN tags t ON t.run_uuid = p.run_uuid WHERE t.key = 'trial_id'"""
RUNS = "SELECT t.value, r.status FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid WHERE t.key = 'trial_id'"
STUDIES = "SELECT t.value, r.status FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid WHERE t.key = 'study'"
TEXTS = """\
SELECT value FROM tags UNION ALL SELECT value FROM params UNION ALL SELECT value FROM experiment_tags
UNION ALL SELECT artifact_uri FROM runs UNION ALL SELECT artifact_location FROM experiments"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    binaries = find_binaries()
    assert binaries is not None
    with postgres_server(binaries, free_port()) as running:
        yield running


def search(directory: Path, uri: str, *more: str) -> subprocess.CompletedProcess[str]:
    """The same command each time: a searched ablation with folds, a second method and confirm trials."""
    space = write_space(directory, SEARCH)
    arguments = ["--space", str(space), "--out", str(directory / "runs"), "--tracking-uri", uri, *more]
    return run("dmd-search", *arguments, "--quiet")


def assert_whole_and_once(server: PostgresServer, database: str, study: Path) -> None:
    """The database has the runs, parameters and points that the ledger has, each once, and no others."""
    events = [event for event, _ in read_events(study / "ledger.jsonl")]
    asked = [trial_from_json(event.data["trial"]) for event in events if event.kind == "ask"]
    told = [record_from_json(event.data["record"]) for event in events if event.kind == "tell"]
    assert len(told) == len(asked) > 20
    status = {"completed": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
    assert Counter(server.ask(database, RUNS)) == Counter((record.trial_id, status[record.status]) for record in told)
    assert server.ask(database, STUDIES) == [("small", "FINISHED")]
    params = Counter(
        (trial.id, name, str(value))
        for trial in asked
        for name, value in {**trial.settings, **trial.parameters, "model": trial.model, "seed": trial.seed}.items()
    )
    assert Counter(server.ask(database, PARAMS)) == params
    points = Counter(point for event in events for point in points_of(event))
    assert len(points) > 500
    assert Counter(server.ask(database, POINTS)) == points


def points_of(event: Event) -> Iterator[tuple[str, str, int, int, float]]:
    """What one line of the ledger means as (trial, metric, step, time in ms, value)."""
    if event.kind == "report":
        for name, value in event.data["metrics"].items():
            yield event.trial_id, name, event.data["epoch"], event.at_ms, value
    elif event.kind == "tell":
        record = record_from_json(event.data["record"])
        constant = record.fallback_test or {}
        parts = {"valid_at_best_epoch": record.valid, "test": record.test or {}, "test_of_constant": constant}
        cost = {name: getattr(record, name) for name in ("duration_s", "num_epochs", "num_parameters")}
        for part, metrics in {**parts, "trial": cost}.items():
            for name, value in metrics.items():
                yield event.trial_id, f"{part}/{name}", 0, event.at_ms, value


def assert_report_is_the_same(uri: str, study: Path, out: Path) -> None:
    done = run("dmd-report", "--tracking-uri", uri, "--study", "small", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert files_of(out) == files_of(study)
    assert CANARY not in done.stdout + done.stderr


@NEEDS_SERVER
@pytest.mark.long
def test_a_study_on_ray_is_tracked_once_and_its_report_comes_out_of_the_database(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    uri, study = server.make_database("direct"), tmp_path / "runs" / "small"
    printed = []
    for is_forgotten in (False, False, True):
        # The second start finds everything delivered, the third delivers everything again.
        if is_forgotten:
            (study / POSITION_FILE).unlink()
        done = search(tmp_path, uri)
        assert done.returncode == 0, done.stderr
        assert "not yet in MLflow" not in done.stderr
        printed.append(done.stdout + done.stderr)
        assert_whole_and_once(server, "direct", study)
    assert_report_is_the_same(uri, study, tmp_path / "report")
    assert CANARY not in "".join(printed)
    assert files_with(CANARY, tmp_path) == []
    assert [text for (text,) in server.ask("direct", TEXTS) if CANARY in (text or "")] == []
    # What no database holds lies in the study's directory, and not wherever the command was started.
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "report", "small.yaml"}


@NEEDS_SERVER
@pytest.mark.long
def test_a_server_before_the_database_serves_the_files_too(server: PostgresServer, tmp_path: Path) -> None:
    store, port = server.make_database("behind"), free_port()
    arguments = ["server", "--backend-store-uri", store, "--artifacts-destination", str(tmp_path / "files")]
    with (tmp_path / "server.log").open("wb") as log:
        mlflow = subprocess.Popen(
            command("mlflow", *arguments, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            stdout=log,
            stderr=log,
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        )
    try:
        uri, study = f"http://127.0.0.1:{port}", tmp_path / "runs" / "small"
        deadline = time.monotonic() + 120
        while "Application startup complete" not in (tmp_path / "server.log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.5)
        for _ in range(2):
            done = search(tmp_path, uri, "--executor", "inline")
            assert done.returncode == 0, done.stderr
            assert_whole_and_once(server, "behind", study)
        assert_report_is_the_same(uri, study, tmp_path / "report")
    finally:
        mlflow.terminate()
        mlflow.wait()
    assert list((tmp_path / "files").rglob("record.json"))


@pytest.mark.long
@NEEDS_SERVER
def test_a_wrong_password_costs_no_trial_and_is_not_shown(server: PostgresServer, tmp_path: Path) -> None:
    uri = server.make_database("closed").replace(CANARY, f"{CANARY}wrong")
    done = search(tmp_path, uri, "--executor", "inline", "--only", "ridge")
    assert done.returncode == 0, done.stderr
    assert f"not yet in MLflow at {without_credentials(uri)}" in done.stderr
    assert "password authentication failed" in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert files_with(CANARY, tmp_path) == []


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("postgresql+psycopg2://u:p@db/x", "postgresql+psycopg2://db/x: needs the package psycopg2; pip install"),
        ("postgresql+psycopgg://db/x", "postgresql+psycopgg://db/x: there is no such driver; write postgresql://..."),
        ("postgresql://u:p@db:port/x", "postgresql://db:port/x: not the address of a database; write postgresql://H"),
    ],
)
def test_an_address_that_cannot_work_is_refused_before_anything_starts(tmp_path: Path, uri: str, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        require_driver(uri)
    assert str(refused.value).startswith(line)
    assert "\n" not in str(refused.value)
    assert is_database(uri)


def test_what_is_no_database_is_left_to_mlflow() -> None:
    for uri in ("http://host:5000", "databricks", "postgres.example.org", "file:///tmp/x"):
        assert not is_database(uri)
        require_driver(uri)
    require_driver(None)


def test_a_password_with_any_sign_is_left_out_of_a_database_s_address() -> None:
    # SQLAlchemy takes these as they are, so people write them.
    for password in ("pa/ss", "pa?ss", "pa@ss", "pa#ss", "pa:ss"):
        shown = without_credentials(f"at postgresql+psycopg://team:{password}@db:5432/mlflow now")
        assert shown == "at postgresql+psycopg://db:5432/mlflow now"
