"""The command is stopped: it ends soon, leaves nothing, and says how to go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks.crash.stopping import left_in
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from tests.orchestration.command_line import command, run, write_space


def num_told(study: Path) -> int:
    path = study / LEDGER_FILE
    return sum(event.kind == "tell" for event, _ in read_events(path)) if path.exists() else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_stopped_study_says_how_to_go_on_and_leaves_its_report_for_later(
    number: signal.Signals, tmp_path: Path
) -> None:
    study, space = tmp_path / "runs" / "small", write_space(tmp_path)
    again = ["--space", str(space), "--out", str(study.parent), "--executor", "inline", "--json"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        command("dmd-search", *again, "--fresh"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    deadline = time.monotonic() + 120
    while num_told(study) < 2:
        assert process.poll() is None, "the study ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    outcome = json.loads(printed)
    assert (outcome["is_interrupted"], outcome["report"]) == (True, None)
    assert not (study / "report.md").exists()
    assert left_in(temporary) == (), "also nothing of MLflow's, which has made its store meanwhile"
    assert errors.splitlines()[-1] == f"the same command: dmd-search {' '.join(again)}", "--fresh would begin anew"


def test_what_is_undelivered_is_told_with_the_command_that_delivers_it(tmp_path: Path) -> None:
    space = write_space(tmp_path)
    arguments = ("--space", str(space), "--out", str(tmp_path / "runs"), "--executor", "inline", "--only", "ridge")
    done = run("dmd-search", *arguments, "--tracking-uri", "http://someone:secret@127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    told, note, again = done.stderr.strip().splitlines()[-3:]
    assert "password" in note
    assert told.startswith("tracking: ")
    assert "events are not yet in MLflow at http://127.0.0.1:9" in told
    assert again == f"the same command: dmd-search {' '.join(arguments)} --tracking-uri http://127.0.0.1:9"
