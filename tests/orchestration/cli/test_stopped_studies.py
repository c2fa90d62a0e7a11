"""A study is told to stop: at any moment, twice, or while something hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.crash.processes import command_of, descendants, users_of
from benchmarks.crash.stopping import STOP_S, left_in
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from tests.orchestration import command_line as product

HANGS = """
import sys, time
from pathlib import Path
from orchestration.process import interruption
from orchestration.driver.driver import StudyPlan
from orchestration.process.interruption import Interruption
from orchestration.ledger.ledger import Ledger
from orchestration.process.signals import install_handlers
from orchestration.search.listed_source import ListedSource
from orchestration.run_study import run_study
from orchestration.process.temporary import temporary_directory

class Hangs:
    def run(self, driver, runner, interruption):
        with temporary_directory("x-"):
            print("ready", flush=True)
            time.sleep(60)

limit_s = float(sys.argv[2])
interruption.Interruption.__init__.__defaults__ = (limit_s,)
install_handlers("stopped")
with Ledger(Path(sys.argv[1])) as ledger:
    run_study(StudyPlan("hangs", ListedSource([])), Hangs(), None, ledger)
"""
AT_ONCE = "stopped at once: all finished trials are kept; run the same command to continue"
TOO_LONG = "stopped at once because a clean stop took too long"


def start_hanging(place: Path, limit_s: float) -> subprocess.Popen[str]:
    """A study whose executor hangs, once it does."""
    (place / "t").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HANGS, str(place / "study"), str(limit_s)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(place / "t")},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def test_a_stop_that_hangs_ends_by_itself(tmp_path: Path) -> None:
    process = start_hanging(tmp_path, 0.5)
    assert len(list((tmp_path / "t").iterdir())) == 1
    process.send_signal(signal.SIGINT)
    asked_at = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert 0.4 < time.monotonic() - asked_at < 5
    assert process.returncode == 130
    assert errors.startswith(TOO_LONG)
    assert len(errors.splitlines()) == 1
    assert list((tmp_path / "t").iterdir()) == []
    assert [event.kind for event, _ in read_events(tmp_path / "study" / LEDGER_FILE)] == ["start"]


def test_a_second_signal_ends_a_study_at_once(tmp_path: Path) -> None:
    process = start_hanging(tmp_path, 60.0)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None, "the first asks for a clean stop"
    for patient in (signal.SIGHUP, signal.SIGUSR1):
        process.send_signal(patient)
        time.sleep(0.2)
        assert process.poll() is None, "a terminal that closes and a batch system say so more than once"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=5)
    assert (process.returncode, errors) == (130, f"{AT_ONCE}\n")
    assert list((tmp_path / "t").iterdir()) == []


def start_study(place: Path, *arguments: str) -> subprocess.Popen[str]:
    (place / "t").mkdir()
    own = {"TMPDIR": str(place / "t"), "OMP_NUM_THREADS": "1"}
    again = ["--space", str(product.write_space(place)), "--out", str(place / "runs"), *arguments]
    # A file: what a killed driver leaves would keep a pipe open.
    with (place / "err").open("w") as errors:
        return subprocess.Popen(
            product.command("dmd-search", *again),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
            env=os.environ | own,
            start_new_session=True,
        )


def wait_for_ray(place: Path, process: subprocess.Popen[str]) -> None:
    """Until Ray begins to start."""
    deadline = time.monotonic() + 120
    while not any((place / "t").glob("dmd-*/session_*/logs")):
        assert process.poll() is None, (place / "err").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def short_place() -> Iterator[Path]:
    """Ray's sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as place:
        yield Path(place)


@pytest.mark.long
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("after_s", [0.0, 1.0, 4.0])
def test_a_study_that_is_stopped_while_ray_starts_leaves_nothing(after_s: float, times: int, short_place: Path) -> None:
    process = start_study(short_place)
    wait_for_ray(short_place, process)
    time.sleep(after_s)
    asked_at, below = time.monotonic(), descendants(process.pid)
    for _ in range(times):
        # As a terminal does: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
    code = process.wait(timeout=60)
    errors = (short_place / "err").read_text()
    assert code == 130, errors
    assert time.monotonic() - asked_at < STOP_S
    assert "Traceback" not in errors
    # Ray starts while the study is still planned. The second may come when a clean stop is over.
    allowed = ("stopped before the study began", "the same command: dmd-search", "stopped at once")[: 1 + times]
    assert errors.splitlines()[-1].startswith(allowed)
    assert left_in(short_place / "t") == ()
    assert users_of(short_place / "t") == []
    assert [command for pid in below if (command := command_of(pid))] == []
