"""What studies need, in folders of this machine: put there once, by whichever process comes first, read by all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from dmd.errors import DataError
from orchestration.process.atomic_files import put_in_place

CACHE_VARIABLE = "DMD_CACHE_DIR"


def cache_directory() -> Path:
    """Where this machine keeps what studies need: ``DMD_CACHE_DIR``, or the place where programs keep what can be had
    again. Nothing removes what is there; whoever needs the room may."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dmd-search"


def cached_folder(digest: str, fill: Callable[[Path], object], digest_of: Callable[[Path], str]) -> Path:
    """The folder with this content in the cache; ``fill`` makes the folder that it is given if nobody has.

    digest_of: tells the content of a folder, or raises DataError for a damaged one. Processes that ask at the same time
    wait for the first one. Raises DataError, one line, if what ``fill`` made is something else; OSError where the cache
    cannot be written.
    """
    place = cache_directory() / digest
    if not _is_kept(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place.with_suffix(".lock")):
            if not _is_kept(place):
                _fill(place, digest, fill, digest_of)
    return place


def _is_kept(place: Path) -> bool:
    """A folder gets its name when it is whole; somebody may have emptied it since."""
    return place.is_dir() and any(place.iterdir())


def _fill(place: Path, digest: str, fill: Callable[[Path], object], digest_of: Callable[[Path], str]) -> None:
    # The machine's name, as a cache in a home directory may be seen by several.
    unfinished = place.with_name(f".{digest[:16]}-{socket.gethostname()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        fill(unfinished)
        found = digest_of(unfinished)
        if found != digest:
            raise DataError(f"content {found[:12]} where {digest[:12]} was expected: the file has changed")
        # Nobody looks at the content again, so it must be on disk before it has its name.
        put_in_place({unfinished: place})
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
