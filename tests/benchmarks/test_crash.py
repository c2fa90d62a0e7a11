"""The crash benchmark sees what is lost, doubled or wrong, and every fault comes in turn."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.crash.__main__ import make_schedule
from benchmarks.crash.audit import Audit, audit
from benchmarks.crash.faults import FAULTS
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.planning.method_catalogue import describe_methods
from orchestration.tracking.delivery import connect
from orchestration.tracking.run_content import TRIAL_ID_TAG
from search_spaces.loading.load import load
from search_spaces.schema.schema import SearchSpace
from tests.orchestration.command_line import run

SPACE = """\
study: listed
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: ridge}
confirm: {seeds: 2}
"""
CLEAN = Audit(0, 0, 0, True)


@pytest.fixture
def ended(tmp_path: Path) -> tuple[Path, SearchSpace, str]:
    """The directory of a study that has ended, its space, and its MLflow store."""
    path = tmp_path / "listed.yaml"
    path.write_text(SPACE)
    done = run("dmd-search", "--space", str(path), "--out", str(tmp_path), "--executor", "inline")
    assert done.returncode == 0, done.stderr
    study = tmp_path / "listed"
    return study, load(path, describe_methods()), f"sqlite:///{study / 'mlflow.db'}"


def execute(study: Path, statement: str) -> None:
    with sqlite3.connect(study / "mlflow.db") as database:
        assert database.execute(statement).rowcount == 1
    database.close()


def test_the_audit_finds_what_is_planted(ended: tuple[Path, SearchSpace, str]) -> None:
    study, space, uri = ended
    assert audit(study, space, uri) == CLEAN

    one = "rowid = (SELECT rowid FROM metrics WHERE key = 'test/mae' LIMIT 1)"
    execute(study, f"UPDATE metrics SET value = value + 1 WHERE {one}")
    assert audit(study, space, uri) == Audit(0, 0, 2, True), "one is missing and one is too many"
    execute(study, f"DELETE FROM metrics WHERE {one}")
    assert audit(study, space, uri) == Audit(0, 0, 1, True)

    client = connect(uri)
    experiment = client.get_experiment_by_name("listed")
    assert experiment is not None
    trial = next(
        run.data.tags[TRIAL_ID_TAG]
        for run in client.search_runs([experiment.experiment_id])
        if TRIAL_ID_TAG in run.data.tags
    )
    client.create_run(experiment.experiment_id, tags={TRIAL_ID_TAG: trial})
    assert audit(study, space, uri) == Audit(0, 1, 1, True)

    ledger = study / LEDGER_FILE
    lines = ledger.read_bytes().splitlines(keepends=True)
    asks = [number for number, line in enumerate(lines) if b'"kind":"ask"' in line]
    tells = [number for number, line in enumerate(lines) if b'"kind":"tell"' in line]
    ledger.write_bytes(b"".join(lines[: tells[-1]]))
    assert audit(study, space, uri).lost == 1, "asked and never ended"
    ledger.write_bytes(b"".join(lines[: asks[-1]]))
    assert audit(study, space, uri).lost == 1, "planned and never asked"


@pytest.mark.parametrize("num_faults", [len(FAULTS), len(FAULTS) - 1])
def test_every_fault_comes_in_turn_on_lists_and_searches(num_faults: int) -> None:
    faults = list(FAULTS[:num_faults])
    schedule = make_schedule(faults, 2 * num_faults)
    assert Counter(fault for fault, _ in schedule) == dict.fromkeys(faults, 2)
    for fault in faults:
        assert {study for which, study in schedule if which is fault} == (
            {"list", "search"} if fault.study is None else {fault.study}
        )
