"""Temporary directories that do not outlive a crash by more than the next start.

Whoever makes one holds a lock in it; the system gives the lock back however the process ends. A directory whose lock
nobody holds was left by a process that was killed, and so were processes that write into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestration.giving_back import hold, release
from orchestration.processes import end_writers_in

PREFIX = "dmd-"
LOCK_FILE = "owner.lock"


@contextlib.contextmanager
def temporary_directory(purpose: str = "") -> Iterator[Path]:
    """A directory of this process, gone at the end. purpose: begins its name; short, Ray's sockets live in one."""
    made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}{purpose}"))
    descriptor = os.open(made / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    # It gets its name with its lock: whoever saw it without would take it for abandoned, and end this process.
    directory = made.rename(made.with_name(made.name.removeprefix(".")))

    def give_back() -> None:
        end_writers_in(directory)
        shutil.rmtree(directory, ignore_errors=True)

    hold(give_back)
    try:
        yield directory
    finally:
        release(give_back)
        shutil.rmtree(directory, ignore_errors=True)
        os.close(descriptor)


def remove_abandoned() -> list[Path]:
    """Remove our temporary directories whose makers were killed, and end what still writes into them; returns them."""
    removed = []
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if directory.stat().st_uid == os.getuid() and _is_abandoned(directory):
                end_writers_in(directory)
                shutil.rmtree(directory, ignore_errors=True)
                if directory.exists():
                    # Processes that die slowly still wrote there: the next start tries again.
                    (directory / LOCK_FILE).touch()
                else:
                    removed.append(directory)
    return removed


def _is_abandoned(directory: Path) -> bool:
    """Whether nobody holds the lock. Raises OSError where there is none: it is none of ours."""
    descriptor = os.open(directory / LOCK_FILE, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
