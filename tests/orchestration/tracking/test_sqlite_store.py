"""The store in a study's directory: a kill while it is made costs nothing."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.process.errors import UsageError
from orchestration.tracking.delivery import connect
from orchestration.tracking.read_results import results_at
from orchestration.tracking.sqlite_store import STORE_FILE, address_of, follow_move, make_own_store
from orchestration.tracking.ui_server import find_port, ui_server
from tests.orchestration.command_line import command
from tests.orchestration.delivered_study import run_and_write
from tests.orchestration.mlflow_store import Store
from tests.orchestration.toy_runner import make_trial

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

MAKE = "import sys; from pathlib import Path; from orchestration.tracking.sqlite_store import make_own_store as make; "
MAKE += "make(Path(sys.argv[1]))"


def count_tables(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        try:
            return int(store.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0])
        except sqlite3.OperationalError:  # locked: it is being written
            return 0


def test_a_store_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], cwd=Path(__file__).parents[3])
    unfinished = tmp_path / f"{STORE_FILE}.new"
    while not count_tables(unfinished) and maker.poll() is None:
        time.sleep(0.002)
    os.kill(maker.pid, signal.SIGKILL)
    assert maker.wait() == -signal.SIGKILL, "it was done before it was killed"
    assert unfinished.exists()
    assert not (tmp_path / STORE_FILE).exists()

    make_own_store(tmp_path)
    assert not unfinished.exists()
    client = connect(address_of(tmp_path / STORE_FILE))
    client.create_experiment("kept")
    make_own_store(tmp_path)
    assert client.get_experiment_by_name("kept") is not None


SPACE = """\
study: small
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: ridge}
confirm: {seeds: 1, details: false}
resources: {cpu: 1}
"""
# What MLflow finds at the address that it is given.
SHOW = """\
import sys
from mlflow import MlflowClient
assert sys.argv[1:3] == ["ui", "--backend-store-uri"]
print(sorted(experiment.name for experiment in MlflowClient(sys.argv[3]).search_experiments()))
"""


@pytest.mark.parametrize("out", ["which?/100%41 #1", "with blanks & 'quotes'"])
def test_a_path_with_any_sign_holds_its_store_and_the_printed_command_finds_it(out: str, tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(SPACE)
    arguments = ["--space", "space.yaml", "--out", out, "--executor", "inline", "--quiet"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}

    def call(*words: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    printed = call(*command("dmd-search", *arguments))
    assert {path.name for path in tmp_path.iterdir()} == {"space.yaml", "temporary", Path(out).parts[0]}
    assert list(temporary.iterdir()) == []
    assert (tmp_path / out / "small" / STORE_FILE).is_file()
    shell = printed.splitlines()[-1].removeprefix("compare in MLflow: ")
    assert shlex.split(shell) == ["dmd-search", "ui", f"{out}/small"]
    server = ui_server(tmp_path / out / "small", 5000)
    assert server.command[:3] == (sys.executable, "-m", "mlflow")
    shown = call(sys.executable, "-W", "ignore", "-c", SHOW, *server.command[3:], cwd=server.directory)
    assert shown == "['Default', 'small']\n"
    assert {name: server.environment[name] for name in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY")} == {
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def test_a_study_that_was_moved_takes_its_files_along(tmp_path: Path) -> None:
    trials = [make_trial(seed) for seed in range(2)]
    run_and_write(tmp_path / "old", trials[:1])
    (tmp_path / "old").rename(tmp_path / "a_new place")
    assert run_and_write(tmp_path / "a_new place", trials) == ()
    assert [path.name for path in tmp_path.iterdir()] == ["a_new place"]
    store = Store(tmp_path / "a_new place")
    assert store.runs_per_trial == {trial.id: 1 for trial in trials}
    assert all("record.json" in store.artifacts(trial.id) for trial in trials)


def test_a_moved_study_that_is_only_looked_at_has_its_files(tmp_path: Path) -> None:
    trial = make_trial(1)
    run_and_write(tmp_path / "old", [trial])
    moved = tmp_path / "else where"
    (tmp_path / "old").rename(moved)
    assert Store(moved).artifacts(trial.id) == set()
    assert follow_move(moved) is None
    assert {"record.json", "predictions.csv"} <= Store(moved).artifacts(trial.id)
    assert follow_move(moved) is None
    moved.rename(tmp_path / "again")
    found = results_at(address_of(tmp_path / "again" / STORE_FILE), trial.context)(trial)
    assert found is not None
    assert found.record.trial_id == trial.id


def test_a_store_that_cannot_be_written_to_is_shown_as_it_is(tmp_path: Path) -> None:
    run_and_write(tmp_path / "old", [make_trial(1)])
    (tmp_path / "old").rename(tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / STORE_FILE)) as store:
        store.execute("DROP TABLE runs")
    said = follow_move(tmp_path / "new")
    assert said is not None
    assert str(tmp_path / "new" / STORE_FILE) in said
    assert "\n" not in said


def test_the_ui_takes_a_port_where_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            find_port(port)
    assert find_port(port) == port
