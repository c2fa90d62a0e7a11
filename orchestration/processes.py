"""Processes that belong to a directory: they end with it, also when the one that started them was killed.

Ray's agents outlive a killed driver by a minute or more, and one that ended by seconds, and write where nothing is any
more. The environment of a process says to which directory it belongs, and is passed on to all that it starts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_VARIABLE = "DMD_BELONGS_TO"
_GONE_S = 2.0


@contextlib.contextmanager
def belonging_to(directory: Path) -> Iterator[None]:
    """Processes that are started in the body belong to ``directory``; those that still live at its end are killed."""
    os.environ[_VARIABLE] = str(directory)
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
        end_processes_of(directory)


def end_processes_of(directory: Path) -> None:
    """Kill what belongs to ``directory``, and wait until it is gone. On systems without /proc: nothing."""
    deadline = time.monotonic() + _GONE_S
    while (found := _processes_of(directory)) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _processes_of(directory: Path) -> list[int]:
    needle, found = f"{_VARIABLE}={directory}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        # The environment of a process that has ended is empty, and that of a foreign one nobody's business.
        with contextlib.suppress(OSError):
            if needle in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found
