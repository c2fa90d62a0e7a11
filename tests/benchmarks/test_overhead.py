"""The count behind the overhead benchmark notices what is missing, doubled or unfinished; its pace is a pace."""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.overhead.many_trials import _pace
from benchmarks.overhead.null_trial import NullRunner
from benchmarks.overhead.product_side import OBJECTIVE, make_source
from benchmarks.overhead.sides import STUDY
from benchmarks.overhead.store import count_rows, require_rows
from orchestration.driver.driver import StudyPlan
from orchestration.executors.inline import InlineExecutor
from orchestration.ledger.ledger import Ledger
from orchestration.run_study import run_study
from orchestration.tracking.mlflow_tracker import MlflowTracker

NUM_TRIALS = 4


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("overhead")
    plan = StudyPlan(STUDY, make_source(2, NUM_TRIALS // 2, "random"), objective=OBJECTIVE)
    with Ledger(directory) as ledger, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow's libraries deprecate among themselves
        tracker = MlflowTracker(ledger, STUDY, directory)
        assert run_study(plan, InlineExecutor(), NullRunner(directory), ledger, tracker).undelivered is None
    return directory


def damaged(tracked: Path, tmp_path: Path, statement: str) -> Path:
    """A copy of the store after ``statement``."""
    (tmp_path / "mlflow.db").write_bytes((tracked / "mlflow.db").read_bytes())
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        assert store.execute(statement).rowcount >= 1
        store.commit()
    return tmp_path


def test_null_trials_are_all_in_the_store(tracked: Path) -> None:
    # two metrics at five epochs, four searched parameters
    rows = require_rows(tracked, NUM_TRIALS)
    assert (rows.runs, rows.terminated, rows.params, rows.points) == (4, 4, 16, 40)
    assert len([name for name in os.listdir(tracked) if name.startswith("began-")]) == 1


@pytest.mark.parametrize(
    ("statement", "changed"),
    [
        ("DELETE FROM metrics WHERE key = 'valid/mae' AND step = 3", {"points": 36, "distinct": 36}),
        (
            "INSERT INTO metrics SELECT key, value, timestamp + 1, run_uuid, step, is_nan FROM metrics "
            "WHERE key = 'train/loss' AND step = 5",
            {"points": 44},
        ),
        ("UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE name LIKE 'arm0/%'", {"terminated": 2}),
        ("DELETE FROM params WHERE key = 'alpha'", {"params": 12}),
    ],
)
def test_what_is_missing_doubled_or_unfinished_is_noticed(
    tracked: Path, tmp_path: Path, statement: str, changed: dict[str, int]
) -> None:
    directory = damaged(tracked, tmp_path, statement)
    rows = count_rows(directory)
    assert {name: getattr(rows, name) for name in changed} == changed
    with pytest.raises(RuntimeError, match="the store holds"):
        require_rows(directory, NUM_TRIALS)


def test_pace_is_the_mean_time_from_ending_to_ending() -> None:
    assert _pace([10.0, 10.5, 13.0]) == 1.5
