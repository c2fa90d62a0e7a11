"""The cache of a machine: folders that studies need, made by the first process that needs one and read by all."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from dmd.errors import DataError
from orchestration.process.atomic_files import put_in_place
from orchestration.process.file_lock import locked

CACHE_VARIABLE = "DMD_CACHE_DIR"


def cache_directory() -> Path:
    """The cache of this machine: ``DMD_CACHE_DIR``, or a folder in the user's cache directory.

    The product removes nothing there; a user who needs the disk space may.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dmd-search"


def cached_folder(digest: str, fill: Callable[[Path], object], digest_of: Callable[[Path], str]) -> Path:
    """The folder of the cache with this content. Processes that need it at the same time wait for the first one.

    Args:
        digest: of the content.
        fill: makes the folder that it is given; called if the cache has none.
        digest_of: computes the digest of a folder; raises DataError for a damaged one.

    Raises:
        DataError: one line; ``fill`` made another content.
        OSError: the cache cannot be written.
    """
    place = cache_directory() / digest
    if not _is_kept(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_suffix(".lock"), mode=0o600):
            if not _is_kept(place):
                _fill(place, digest, fill, digest_of)
    return place


def _is_kept(place: Path) -> bool:
    """A folder gets its name when it is complete; a user may have emptied it since."""
    return place.is_dir() and any(place.iterdir())


def _fill(place: Path, digest: str, fill: Callable[[Path], object], digest_of: Callable[[Path], str]) -> None:
    # With the machine's name: several machines may share a home directory.
    unfinished = place.with_name(f".{digest[:16]}-{socket.gethostname()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        fill(unfinished)
        found = digest_of(unfinished)
        if found != digest:
            raise DataError(f"content {found[:12]} where {digest[:12]} was expected: the file has changed")
        # The content is not checked again, so it must be on disk before it gets its name.
        put_in_place({unfinished: place})
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
