"""Writers of reports into one directory take turns; what one that was killed has left unfinished is removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

UNFINISHED = ".report-"
"""Begins the name of the folder in which a report is written."""


@contextlib.contextmanager
def directory_lock(directory: Path) -> Iterator[None]:
    """Be the only writer in ``directory``, so that what is unfinished there belongs to nobody, and is removed.

    The lock is the directory's own; the system takes it back however the process ends.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        # A file system without locks is written to all the same; nothing is removed there.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for folder in directory.glob(f"{UNFINISHED}*"):
                shutil.rmtree(folder, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def remove_unfinished(directory: Path) -> None:
    """Remove what a writer that was killed has left in ``directory``."""
    with directory_lock(directory):
        pass
