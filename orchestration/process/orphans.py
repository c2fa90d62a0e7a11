"""Kills orphaned processes by the files that they write, or are told to write.

Ray's agents outlive a killed driver by more than a minute, and a driver that ended normally by seconds. Often nothing
else shows where they come from: their parents are gone, and the titles that they set overwrite their environment.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

_PATIENCE_S = 2.0


def kill_writers_in(directory: Path) -> None:
    """Kill every other process of this user that has a file below ``directory`` open for writing, or has just started
    with an option ``--name=`` of a path there; wait up to two seconds until they are gone. Does nothing on systems
    without /proc."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := _writers_in(directory)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _writers_in(directory: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # A process may end meanwhile.
        with contextlib.suppress(OSError):
            is_ours = process.stat().st_uid == os.getuid() and int(process.name) != os.getpid()
            if is_ours and (_is_told_of(process, directory) or _writes(process, directory)):
                found.append(int(process.name))
    return found


def _is_told_of(process: Path, directory: Path) -> bool:
    """What a process of Ray gets says where it will write, before it has opened anything there."""
    place = re.compile(rb"--[\w-]+=" + re.escape(os.fsencode(directory)) + b"/")
    return any(place.match(argument) for argument in (process / "cmdline").read_bytes().split(b"\0"))


def _writes(process: Path, directory: Path) -> bool:
    return any(_is_written(opened, directory) for opened in (process / "fd").iterdir())


def _is_written(opened: Path, directory: Path) -> bool:
    """Whether the descriptor ``opened`` (/proc/<process>/fd/<number>) writes to a file below ``directory``."""
    if not os.readlink(opened).startswith(f"{directory}/"):
        return False
    described = (opened.parents[1] / "fdinfo" / opened.name).read_text()
    flags = next(line.split()[1] for line in described.splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
