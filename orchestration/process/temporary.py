"""Temporary directories whose leftovers after a crash are removed at the next start.

The process that makes one holds a lock in it, which the system frees however that process ends. A directory whose lock
is free was orphaned by a process that was killed, and so were processes that still write into it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestration.process import cleanup
from orchestration.process.errors import UsageError
from orchestration.process.file_lock import is_locked, lock
from orchestration.process.orphans import kill_writers_in

PREFIX = "dmd-"
LOCK_FILE = "owner.lock"

_SHORT_PLACES = ("/tmp", "/var/tmp", "/dev/shm")
_LONGEST_PLACE = 26
"""Bytes of a place whose directories may have sockets in them. The path of a socket has at most 107 (103 on macOS), and
Ray takes 77 of them for its session, with our own name for the directory."""


@contextlib.contextmanager
def temporary_directory(purpose: str = "", place: Path | None = None) -> Iterator[Path]:
    """A directory of this process, removed at the end.

    Args:
        purpose: first part of its name.
        place: parent directory; None: as TMPDIR says.
    """
    made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}{purpose}", dir=place))
    descriptor = os.open(made / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    lock(descriptor)
    # It is renamed once it is locked: another start would take an unlocked one for orphaned and kill this process.
    directory = made.rename(made.with_name(made.name.removeprefix(".")))

    def remove() -> None:
        kill_writers_in(directory)
        shutil.rmtree(directory, ignore_errors=True)

    cleanup.register(remove)
    try:
        yield directory
    finally:
        cleanup.unregister(remove)
        shutil.rmtree(directory, ignore_errors=True)
        os.close(descriptor)


def place_for_sockets() -> Path:
    """Parent of a temporary directory for Ray's sockets: TMPDIR, unless its path is too long, as in batch systems.

    Raises UsageError if no directory fits.
    """
    given = tempfile.gettempdir()
    for place in (given, *_SHORT_PLACES):
        if len(os.fsencode(place)) <= _LONGEST_PLACE and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise UsageError(
        f"TMPDIR={given}: too long for Ray's sockets, and none of {', '.join(_SHORT_PLACES)} can be written; set "
        f"TMPDIR to a directory of at most {_LONGEST_PLACE} characters, or run with --executor inline"
    )


def remove_abandoned() -> list[Path]:
    """Remove our orphaned temporary directories and kill the processes that write into them; returns what is gone."""
    removed = []
    places = {Path(tempfile.gettempdir())}
    with contextlib.suppress(UsageError):
        places.add(place_for_sockets())
    for directory in (found for place in sorted(places) for found in place.glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            if directory.stat().st_uid == os.getuid() and not is_locked(directory / LOCK_FILE):
                kill_writers_in(directory)
                shutil.rmtree(directory, ignore_errors=True)
                if directory.exists():
                    # Processes that die slowly still wrote there: the next start tries again.
                    (directory / LOCK_FILE).touch()
                else:
                    removed.append(directory)
    return removed
