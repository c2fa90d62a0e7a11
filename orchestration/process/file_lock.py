"""Advisory file locks (flock), which the system releases however a process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def lock(file: int | IO[bytes], wait: bool = True, shared: bool = False) -> None:
    """Lock an open file until it is closed.

    Args:
        file: a file object or a descriptor.
        wait: wait for other processes that hold the lock.
        shared: allow other shared locks at the same time.

    Raises:
        BlockingIOError: another process holds the lock, and ``wait`` is False.
        OSError: the file system has no locks.
    """
    fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))


@contextlib.contextmanager
def locked(path: Path, mode: int = 0o666) -> Iterator[None]:
    """Hold the lock of the file ``path``, which is made, with ``mode``, if absent; waits for it. Raises OSError."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, mode)
    try:
        lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock. Raises OSError if there is no such file."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        lock(descriptor, wait=False)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
