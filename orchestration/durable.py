"""Waiting for the disk: what is written survives a power cut only then."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Return when the disk has what is in ``path``: the bytes of a file, whoever wrote them, or the names in a folder
    (writing a file does not by itself make a new name of it survive)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
