"""A server as a child: its errors are shown, its noise is not, and however its program ends, nothing of it is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SERVER = """\
import signal, socket, subprocess, sys, time
port, patient = int(sys.argv[1]), sys.argv[2] == "deaf"
print("a line of noise", file=sys.stderr, flush=True)
ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", ignore if patient else "import time; time.sleep(60)"])
if sys.argv[2] == "broken":
    sys.exit("no such table")
with socket.create_server(("127.0.0.1", port)) as opened:
    opened.accept()
    time.sleep(0.3)
    print("a real error", file=sys.stderr, flush=True)
    time.sleep(0 if sys.argv[2] == "crashing" else 60)
"""
PROGRAM = """\
import os, signal, sys
from pathlib import Path
# Also where who runs the tests said nohup.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from orchestration.process.server import ServerEnded, running_server
from orchestration.process.signals import Stopped, exit_now, install_handlers
install_handlers("over")
port, kind = sys.argv[1:]
try:
    with running_server((sys.executable, "server.py", port, kind), Path("."), os.environ, show=print) as server:
        server.wait_until_it_answers("127.0.0.1", int(port))
        print("up", flush=True)
        server.wait_until_it_ends()
except ServerEnded as ended:
    sys.exit(f"it {ended}\\n{'it had answered' if ended.has_answered else 'it never answered'}")
except Stopped as stopped:
    exit_now(str(stopped))
"""
MARK = "OF_THIS_TEST"


def alive(mark: str) -> list[int]:
    """Processes with the mark that have not ended."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
    return found


@contextmanager
def program(folder: Path, kind: str = "well") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A program with a server, and the mark of all their processes, which are killed in the end."""
    (folder / "server.py").write_text(SERVER)
    mark = uuid.uuid4().hex
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port = opened.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port), kind],
        cwd=folder,
        env=os.environ | {MARK: mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process, mark
        finally:
            for left in alive(mark):
                with suppress(OSError):
                    os.kill(left, signal.SIGKILL)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_all_of_its_processes(tmp_path: Path, number: signal.Signals) -> None:
    with program(tmp_path) as (process, mark):
        assert read_line(process) == "up"
        assert len(alive(mark)) == 3
        process.send_signal(number)
        assert process.wait(timeout=20) == 130
        assert alive(mark) == []
        assert process.communicate()[1] == "over\n"


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with program(tmp_path, "deaf") as (process, mark):
        assert read_line(process) == "up"
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None, "it waits for those that have not ended"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=2) == 130
        time.sleep(0.1)
        assert alive(mark) == []


def test_its_errors_are_shown_once_it_answers_and_its_start_is_not(tmp_path: Path) -> None:
    with program(tmp_path) as (process, _):
        assert [read_line(process), read_line(process)] == ["up", "a real error"]


def test_one_that_never_answers_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with program(tmp_path, "broken") as (process, mark):
        output, errors = process.communicate(timeout=20)
        assert (output, process.returncode) == ("", 1)
        assert errors.splitlines() == [
            "it ended with exit code 1",
            "a line of noise",
            "no such table",
            "it never answered",
        ]
        assert alive(mark) == []


def test_one_that_ends_after_it_has_answered_says_so(tmp_path: Path) -> None:
    with program(tmp_path, "crashing") as (process, mark):
        errors = process.communicate(timeout=20)[1]
        lines = ["it ended with exit code 0", "a line of noise", "a real error", "it had answered"]
        assert errors.splitlines() == lines
        assert alive(mark) == []
