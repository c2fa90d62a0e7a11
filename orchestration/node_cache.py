"""Data of studies in a folder of this machine: put there once, by whichever process comes first, mapped by all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from dmd.data.dataset import Dataset
from dmd.data.mapped import is_mapped, read_mapped
from dmd.errors import DataError

CACHE_VARIABLE = "DMD_CACHE_DIR"


def cache_directory() -> Path:
    """Where this machine keeps data of studies: ``DMD_CACHE_DIR``, or the place where programs keep what can be had
    again. Nothing removes what is there; whoever needs the room may."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dmd-search"


def cached_data(content_hash: str, fill: Callable[[Path], object]) -> Dataset:
    """The data with this content, mapped from the cache; ``fill`` makes the folder that it is given if nobody has.

    Processes that ask at the same time wait for the first one. Raises DataError, one line, if what ``fill`` made is
    other data, or damaged; OSError where the cache cannot be written.
    """
    place = cache_directory() / content_hash
    if not is_mapped(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place.with_suffix(".lock")):
            if not is_mapped(place):
                _fill(place, content_hash, fill)
    return read_mapped(place, verify=False)


def _fill(place: Path, content_hash: str, fill: Callable[[Path], object]) -> None:
    # The machine's name, as a cache in a home directory may be seen by several.
    unfinished = place.with_name(f".{content_hash[:16]}-{socket.gethostname()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        fill(unfinished)
        found = read_mapped(unfinished, verify=True).content_hash
        if found != content_hash:
            raise DataError(f"content {found[:12]} where {content_hash[:12]} was expected: the file has changed")
        os.rename(unfinished, place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold ``lock``; the system gives it back however this process ends."""
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
