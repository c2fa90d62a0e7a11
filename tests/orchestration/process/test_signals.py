"""A signal ends a program with one line and exit code 130, whatever it is doing, and nothing of it stays."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dmd.data.formats.load import convert_dataset
from orchestration.executors.local_workers import LocalPeer
from tests.orchestration.command_line import command, errors_in

ALL = pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU],
    ids=lambda number: number.name,
)
LINE = "stopped before it was done"
START = f"from orchestration.cli.entry_points import run_program; run_program('program', {LINE!r})"

IN_MAIN = "import time\ndef main():\n    print('ready', flush=True)\n    time.sleep(30)\n"
# As extension modules do with what is raised while they are imported.
IN_IMPORT_THAT_HIDES_IT = """
import time
try:
    print("ready", flush=True)
    time.sleep(30)
except BaseException as error:
    raise ImportError("initialization failed") from error
"""
IN_DESTRUCTOR = """
import time
class Slow:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(30)
def main():
    slow = Slow()
    del slow
    time.sleep(30)
"""
IMPORTING_WITH_A_DIRECTORY = """
import sys
from pathlib import Path
from orchestration.process.temporary import temporary_directory
Path(__file__).with_name("slow.py").write_text("import time; print('ready', flush=True); time.sleep(30)")
def main():
    with temporary_directory("x-"):
        import slow
"""
WITH_A_COPY = """
import os, signal, time
from orchestration.process import cleanup
def main():
    cleanup.register(lambda: print("freed", flush=True))
    print("ready", flush=True)
    copy = os.fork()
    if not copy:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
    print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), flush=True)
"""
ENDING = """
import atexit, time
def end():
    print("ready", flush=True)
    time.sleep(30)
def main():
    atexit.register(end)
    raise SystemExit(1)
"""
LEAVING = """
import os, time
class Last:
    def __del__(self, write=os.write, sleep=time.sleep):
        write(1, b"ready\\n")
        sleep(1)
last = Last()
def main():
    raise SystemExit(1)
"""
WRITING_A_REPORT = """
import time
from collections.abc import Mapping
from pathlib import Path
from reports.output.write import write_files
class Slowly(dict):
    def values(self):
        yield b"first"
        print("ready", flush=True)
        time.sleep(30)
def main():
    write_files(Slowly({"report.md": b"first", "report.html": b"second"}), Path(__file__).with_name("report"))
"""
CONVERTING = """
import time
from pathlib import Path
from dmd.data.formats.memory_mapped import write_mapped
def read(place):
    place.make("language", (4, 5, 6))
    print("ready", flush=True)
    time.sleep(30)
def main():
    write_mapped(read, Path(__file__).with_name("converted"))
"""
SPEAKING_AT_ITS_END = """
import time
from pathlib import Path
def main():
    try:
        print("ready", flush=True)
        time.sleep(30)
    finally:
        print("this has no reader any more", flush=True)
        Path(__file__).with_name("end").write_text("whole")
"""
TWICE = """
import contextlib, time
def main():
    try:
        print("ready", flush=True)
        time.sleep(30)
    finally:
        print("again", flush=True)
        for _ in range(2):
            with contextlib.suppress(BaseException):
                time.sleep(30)
"""


@contextmanager
def started(arguments: list[str], place: Path) -> Iterator[subprocess.Popen[str]]:
    """A program with a process group and a place for temporary files of its own."""
    temporary = place / "temporary"
    temporary.mkdir()
    paths = os.pathsep.join([str(place), str(Path(__file__).parents[3])])
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": paths},
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running(program: str, place: Path) -> Iterator[subprocess.Popen[str]]:
    """``program`` under ``run_program``, once it has said that it is ready."""
    (place / "program.py").write_text(program)
    with started([sys.executable, "-c", START], place) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        yield process


def end_of(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """The exit code, and the lines on stderr; it must end soon."""
    asked_at = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert time.monotonic() - asked_at < 5
    return process.returncode, errors.splitlines()


@ALL
@pytest.mark.parametrize(
    "program", [IN_MAIN, IN_IMPORT_THAT_HIDES_IT, IN_DESTRUCTOR], ids=["main", "import", "destructor"]
)
def test_a_signal_ends_with_one_line(program: str, number: signal.Signals, tmp_path: Path) -> None:
    with running(program, tmp_path) as process:
        process.send_signal(number)
        assert end_of(process) == (130, [LINE])


def test_a_signal_while_something_is_imported_gives_back_what_is_held(tmp_path: Path) -> None:
    with running(IMPORTING_WITH_A_DIRECTORY, tmp_path) as process:
        assert len(list((tmp_path / "temporary").iterdir())) == 1
        process.send_signal(signal.SIGTERM)
        assert end_of(process) == (130, [LINE])
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("program", [WRITING_A_REPORT, CONVERTING], ids=["report", "data"])
def test_what_was_being_written_is_not_there_by_half(program: str, tmp_path: Path) -> None:
    with running(program, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (130, [LINE])
    left = {path.name for path in tmp_path.iterdir()} - {"program.py", "temporary", "__pycache__"}
    assert left - {"report"} == set()
    assert not (tmp_path / "report").exists() or list((tmp_path / "report").iterdir()) == []


def test_what_a_killed_conversion_left_goes_with_the_next_and_one_at_work_is_left_alone(tmp_path: Path) -> None:
    def unfinished() -> list[Path]:
        return list(tmp_path.glob(".converted-*"))

    with running(CONVERTING, tmp_path) as process:
        process.kill()
    assert len(unfinished()) == 1
    (tmp_path / "temporary").rmdir()
    with running(CONVERTING, tmp_path) as process:
        assert len(unfinished()) == 1
        convert_dataset("planted:num_videos=6,clips_per_video=2", tmp_path / "converted")
        assert len(unfinished()) == 1
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (130, [LINE])
    assert unfinished() == []


def test_a_second_signal_does_not_wait_for_the_first(tmp_path: Path) -> None:
    with running(TWICE, tmp_path) as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "again\n"
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (130, [LINE])


def test_a_copy_that_hears_the_signal_too_ends_alone(tmp_path: Path) -> None:
    with running(WITH_A_COPY, tmp_path) as process:
        output, errors = process.communicate(timeout=60)
    assert (output, errors, process.returncode) == (f"{-signal.SIGINT}\n", "", 0)


@pytest.mark.parametrize("program", [ENDING, LEAVING], ids=["exit", "destructor"])
def test_a_signal_at_the_end_leaves_the_exit_code(program: str, tmp_path: Path) -> None:
    with running(program, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert end_of(process) == (1, [])


@pytest.mark.parametrize("name", ["HUP", "USR1"])
def test_who_said_nohup_means_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(IN_MAIN.replace("30", "0.5"))
    ignoring = ["sh", "-c", f'trap \'\' {name}; exec "$0" -c "$1"', sys.executable, START]
    with started(ignoring, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.Signals[f"SIG{name}"])
        assert end_of(process) == (0, [])


def test_who_loses_its_terminal_ends_as_cleanly(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(SPEAKING_AT_ITS_END)
    ours, theirs = os.openpty()
    # These tests may have been started by nohup.
    listening = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); {START}"
    process = subprocess.Popen(
        [sys.executable, "-c", listening],
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[3])])},
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    # The whole line: a terminal hands out its end apart, and one that closes in between fails the program's print.
    while not said.endswith(b"\n"):
        said += os.read(ours, 100)
    assert said == b"ready\r\n"
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=30) == 130
    assert (tmp_path / "end").read_text() == "whole"


class Waiting:
    def open(self) -> None:
        time.sleep(60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1], ids=lambda number: number.name)
def test_a_partner_on_this_machine_never_hears_what_all_are_told(number: signal.Signals) -> None:
    peer = LocalPeer(Waiting())  # type: ignore[arg-type]
    peer._launch()
    process = peer._process
    assert process is not None
    assert process.pid is not None
    try:
        assert is_in("SigBlk", number, process.pid)
        assert not is_in("SigBlk", number, os.getpid())
    finally:
        process.kill()
        process.join()
        assert peer._connection is not None
        peer._connection.close()


def is_in(signals: str, number: signal.Signals, process: int) -> bool:
    """Whether a set of signals of a process (``SigBlk``: blocked, ``SigCgt``: handled by itself) has ``number``."""
    found = re.search(rf"^{signals}:\s*(\w+)$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("after_s", [0.0, 0.4])
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("dmd-search", "stopped before the study began"),
        ("dmd-report", "stopped before the report was written"),
        ("dmd-data", LINE),
    ],
)
def test_the_commands_end_so_from_their_first_moment(name: str, line: str, after_s: float, tmp_path: Path) -> None:
    # A pipe that nobody writes to: a command that is ready with its imports waits.
    os.mkfifo(tmp_path / "data.npz")
    arguments = {
        "dmd-search": ["--space", "quickstart", "--out", str(tmp_path / "runs")],
        "dmd-report": ["--tracking-uri", "http://127.0.0.1:9", "--study", "quickstart", "--out", str(tmp_path / "r")],
        "dmd-data": ["inspect", str(tmp_path / "data.npz")],
    }
    with started(command(name, *arguments[name]), tmp_path) as process:
        deadline = time.monotonic() + 30
        # Python has no handler for SIGTERM: it is ours.
        while not is_in("SigCgt", signal.SIGTERM, process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(after_s)
        # As a terminal does: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        code, said = end_of(process)
        assert (code, errors_in("\n".join(said))) == (130, [line])
    assert {path.name for path in tmp_path.iterdir()} == {"data.npz", "temporary"}
    assert list((tmp_path / "temporary").iterdir()) == []
