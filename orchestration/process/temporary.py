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

from orchestration.process.cleanup import hold, release
from orchestration.process.errors import UsageError
from orchestration.process.orphans import end_writers_in

PREFIX = "dmd-"
LOCK_FILE = "owner.lock"

_SHORT_PLACES = ("/tmp", "/var/tmp", "/dev/shm")
_LONGEST_PLACE = 26
"""Bytes of a place whose directories may have sockets in them. The path of a socket has at most 107 (103 on macOS), and
Ray takes 77 of them for its session, with our own name for the directory."""


@contextlib.contextmanager
def temporary_directory(purpose: str = "", place: Path | None = None) -> Iterator[Path]:
    """A directory of this process, gone at the end. purpose: begins its name. place: where; None: as TMPDIR says."""
    made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}{purpose}", dir=place))
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


def place_for_sockets() -> Path:
    """Where a temporary directory with Ray's sockets in it may be: as TMPDIR says, unless that is too long, as those of
    batch systems are. Raises UsageError where there is none."""
    given = tempfile.gettempdir()
    for place in (given, *_SHORT_PLACES):
        if len(os.fsencode(place)) <= _LONGEST_PLACE and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise UsageError(
        f"TMPDIR={given}: too long for Ray's sockets, and none of {', '.join(_SHORT_PLACES)} can be written; set "
        f"TMPDIR to a directory of at most {_LONGEST_PLACE} characters, or run with --executor inline"
    )


def remove_abandoned() -> list[Path]:
    """Remove our temporary directories whose makers were killed, and end what still writes into them; returns them."""
    removed = []
    places = {Path(tempfile.gettempdir())}
    with contextlib.suppress(UsageError):
        places.add(place_for_sockets())
    for directory in (found for place in sorted(places) for found in place.glob(f"{PREFIX}*")):
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
