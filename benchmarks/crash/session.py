"""``dmd-search`` as a process of its own, and the processes below it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from orchestration.events import Event
from orchestration.ledger import LEDGER_FILE, read_events

PATIENCE_S = 900.0


class Session:
    """One run of the command on a space; ``temporary`` is the directory for temporary files of the processes."""

    def __init__(self, space: Path, out: Path, temporary: Path, *arguments: str) -> None:
        self.study = out / space.stem
        self._again = partial(Session, space, out, temporary, *arguments)
        self.errors = temporary.parent / f"{space.stem}.err"
        program = Path(sys.executable).parent / "dmd-search"
        command = [str(program), "--space", str(space), "--out", str(out), "--json", *arguments]
        # Files, not pipes: what a killed driver leaves would keep a pipe open.
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=os.environ | {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"},
                start_new_session=True,
            )

    def events(self) -> list[Event]:
        """The ledger so far; a line that is being written is left out."""
        path = self.study / LEDGER_FILE
        return [event for event, _ in read_events(path)] if path.exists() else []

    def wait_for_reports(self, number: int) -> bool:
        """Wait until so many epochs of this study are in the ledger. False if the session ended before."""
        return wait_until(lambda: sum(event.kind == "report" for event in self.events()) >= number, self.process)

    def again(self) -> Session:
        """The same command once more."""
        return self._again()

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def said(self) -> str:
        return self.errors.read_text(errors="replace")

    def workers(self) -> list[int]:
        """Processes that train."""
        return [pid for pid in descendants(self.process.pid) if "ResourceTrainable" in command_of(pid)]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait; False if ``process`` ends before, or patience does."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_so():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.05)
    return False


def descendants(pid: int) -> Iterator[int]:
    """Every process below ``pid``."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            yield child
            waiting.append(child)


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def users_of(directory: Path) -> list[str]:
    """Commands of living processes that were given ``directory`` as their place for temporary files."""
    needle = f"TMPDIR={directory}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if needle in path.read_bytes().split(b"\0"):
                found.append(command_of(int(path.parent.name)))
        except OSError:
            continue
    return [command for command in found if command]
