"""A folder that is there whole or not at all, and of which a killed process leaves nothing for good."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PutInPlace = Callable[[Mapping[Path, Path]], None]
"""Gives finished folders their names: from -> to."""

_UNFINISHED = ".unfinished"


def rename_all(new_names: Mapping[Path, Path]) -> None:
    """The :data:`PutInPlace` that survives a killed process, but not a power cut."""
    for unfinished, path in new_names.items():
        os.rename(unfinished, path)


@contextlib.contextmanager
def new_folder(target: Path, put: PutInPlace = rename_all) -> Iterator[Path]:
    """A folder to fill, which is ``target`` at the end of the block, or gone if the block raises.

    put: how it gets its name; by default a killed process, but not a power cut, leaves it whole or not at all. What an
    earlier process left of the same target by being killed is removed first. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    lock = os.open(made, os.O_RDONLY)
    folder = made.with_name(made.name + _UNFINISHED)
    try:
        # It gets its name with its lock: without one, another process would take it for abandoned. A file system
        # without locks keeps what is abandoned.
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.rename(folder)
        yield folder
        os.chmod(folder, 0o755)
        put({folder: target})
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _remove_abandoned(target: Path) -> None:
    """Remove folders whose lock is free; the system frees it however a process ends."""
    for folder in target.parent.glob(f".{glob.escape(target.name)}-*{_UNFINISHED}"):
        with contextlib.suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
