"""Processes that write into a directory: they end before it goes.

Ray's agents outlive a killed driver by more than a minute, and one that ended by seconds. Where they come from can
often not be told any more: their parents are gone, and the titles that they give themselves lie over their environment.
What they have open can.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_GONE_S = 2.0


def end_writers_in(directory: Path) -> None:
    """Kill every other process of this user that has a file below ``directory`` open for writing, and wait until they
    are gone. On systems without /proc: nothing."""
    deadline = time.monotonic() + _GONE_S
    while (found := _writers_in(directory)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _writers_in(directory: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # One that ends meanwhile has nothing open.
        with contextlib.suppress(OSError):
            is_ours = process.stat().st_uid == os.getuid() and int(process.name) != os.getpid()
            if is_ours and any(_is_written(opened, directory) for opened in (process / "fd").iterdir()):
                found.append(int(process.name))
    return found


def _is_written(opened: Path, directory: Path) -> bool:
    """Whether the descriptor ``opened`` (/proc/<process>/fd/<number>) writes to a file below ``directory``."""
    if not os.readlink(opened).startswith(f"{directory}/"):
        return False
    described = (opened.parents[1] / "fdinfo" / opened.name).read_text()
    flags = next(line.split()[1] for line in described.splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
