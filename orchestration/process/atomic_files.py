"""Waiting for the disk: what is written survives a power cut only then.

Writing a file does not by itself make its name survive, and a rename may reach the disk before what it renames. So
every file that must be there whole or not at all is written beside its place, synced, renamed, and its folder synced:
by :func:`write_whole`, or, where others have written it, by :func:`put_in_place`.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from pathlib import Path

UNFINISHED = ".tmp"
"""Ends the names of files that are being written; what a killed process left is removed where it is looked for."""


def sync(path: Path) -> None:
    """Return when the disk has what is in ``path``: the bytes of a file, whoever wrote them, or the names in a
    folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(path: Path) -> None:
    """Sync a file, or a folder with all that is below it."""
    for place, _, names in os.walk(path):
        for name in names:
            sync(Path(place, name))
        if Path(place) != path:
            sync(Path(place))
    sync(path)


def make_folder(path: Path) -> None:
    """Make a folder, and those that it is in, so that their names are on disk."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in made:
        sync(folder.parent)


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that a crash leaves the old one or the new one; it is on disk on return.

    Raises OSError where it does not fit; nothing new is left behind then.
    """
    make_folder(path.parent)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        unfinished.write_bytes(content)
        put_in_place({unfinished: path})
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def remove_half_written(path: Path) -> None:
    """Remove what killed processes have left of writing ``path``; only who may write it may call this."""
    for unfinished in path.parent.glob(f"{glob.escape(path.name)}.*{UNFINISHED}"):
        unfinished.unlink(missing_ok=True)


def put_in_place(places: Mapping[Path, Path]) -> None:
    """Give finished files and folders their names, one after the other, in place of what is there; they are on disk on
    return."""
    for unfinished in places:
        sync_all(unfinished)
    for unfinished, path in places.items():
        os.replace(unfinished, path)
    for folder in dict.fromkeys(path.parent for path in places.values()):
        sync(folder)
