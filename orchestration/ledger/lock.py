"""The lock of a study: one driver at a time works on it.

The operating system holds it for the life of the process, so it does not survive a crash.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from orchestration.ledger.errors import LedgerError, LedgerLocked
from orchestration.ledger.file_names import LOCK_FILE
from orchestration.process.file_lock import lock


def take_lock(directory: Path) -> BinaryIO:
    """The lock file of the study in ``directory``, locked until it is closed, with the number of this process in it.

    Raises:
        LedgerLocked: another driver works on the study.
        LedgerError: the file system has no locks.
        OSError: the file cannot be opened.
    """
    file = (directory / LOCK_FILE).open("a+b")
    try:
        lock(file, wait=False)
    except OSError as error:
        refusal = _refusal(directory, file, error)
        file.close()
        raise refusal from None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
    return file


def require_no_driver(directory: Path) -> None:
    """Raise LedgerLocked, as a second driver would, where a driver works on the study in ``directory``; write nothing.

    Raises LedgerError where the file system has no locks.
    """
    path = directory / LOCK_FILE
    if not path.is_file():
        return
    with path.open("rb") as file:
        try:
            lock(file, wait=False, shared=True)
        except OSError as error:
            raise _refusal(directory, file, error) from None


def _refusal(directory: Path, file: BinaryIO, error: OSError) -> LedgerError:
    """In words why a file could not be locked: it names who holds the lock.

    Args:
        directory: that the lock is for.
        file: the lock file, open for reading.
        error: of the attempt.
    """
    if not isinstance(error, BlockingIOError):
        why = f"its file system keeps no locks ({error.strerror}), so nothing would stop a second driver"
        return LedgerError(f"{directory}: {why}; choose a place on another one with --out")
    file.seek(0)
    owner = file.read().decode(errors="replace").strip() or "unknown"
    what = f"another driver (process {owner}) works on this study; wait for it, or end that process"
    return LedgerLocked(f"{directory}: {what}")
