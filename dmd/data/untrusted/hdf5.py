"""Arrays out of a stranger's HDF5 file, each checked before memory is spent on it.

HDF5 can point elsewhere (links to other files, raw data in other files, data sets put together from those of other
files), call compression code that is loaded by number from a folder, and promise any size in a few bytes. So only hard
links are followed, as deep as the caller's path leads and no deeper; only plain, contiguous or chunked data sets of
numbers or of strings of a fixed size are read, with the filters that come with the library; and all that is read of one
file may be no more than a hundred times as large as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dmd.data.samples.arrays import AnyArray
from dmd.data.untrusted.archive import ALWAYS_FITS, MOST_GROWTH, in_one_line

MAGIC = b"\x89HDF\r\n\x1a\n"
READABLE_KINDS = "biufS"
MAX_RANK = 8
MOST_MEMBERS = 1_000_000
"""Of one group. CMU-MOSEI has 3,837 videos."""

KNOWN_FILTERS: frozenset[int] = frozenset({1, 2, 3, 32000})
"""Deflate, shuffle, Fletcher's checksum, LZF: any other is code that the library would look for on this machine."""


class Hdf5Error(Exception):
    """What is wrong with a file or a data set of it; one line without the file's name."""


class Hdf5File:
    """An open file. Use :func:`open_hdf5`."""

    def __init__(self, path: Path, file: h5py.File) -> None:
        self._root: h5py.Group = file
        self._size = path.stat().st_size
        self._budget = max(ALWAYS_FITS, MOST_GROWTH * self._size)

    def members(self, *path: str) -> tuple[str, ...]:
        """The names in a group. Raises Hdf5Error if there is no such group."""
        with _as_hdf5_error():
            group = self._follow(path)
            if not isinstance(group, h5py.Group):
                raise Hdf5Error(f"{_show(path)} is no group")
            if len(group) > MOST_MEMBERS:
                raise Hdf5Error(f"{_show(path)} has {len(group)} members, more than {MOST_MEMBERS}")
            return tuple(group)

    def read(self, *path: str) -> AnyArray:
        """The data set at a path. Raises Hdf5Error for what is no plain array, or damaged."""
        with _as_hdf5_error():
            found = self._follow(path)
            if not isinstance(found, h5py.Dataset):
                raise Hdf5Error(f"{_show(path)} is no data set")
            self._require_plain(found, path)
            array: AnyArray = np.asarray(found[()])
            return array

    def _follow(self, path: tuple[str, ...]) -> Any:
        place: Any = self._root
        for depth, name in enumerate(path):
            shown, link = _show(path[: depth + 1]), name.encode("utf-8", "surrogateescape")
            # A name with a slash would be a path, whose first links nobody has looked at.
            if not isinstance(place, h5py.Group) or b"/" in link or not place.id.links.exists(link):
                raise Hdf5Error(f"{shown} is missing")
            if place.id.links.get_info(link).type != h5py.h5l.TYPE_HARD:
                raise Hdf5Error(f"{shown} is a link to another place or file, which is not followed")
            place = place[name]
        return place

    def _require_plain(self, found: h5py.Dataset, path: tuple[str, ...]) -> None:
        """Refuse what is not stored in the file as it is, or is larger than the file can hold."""
        shown, dtype = _show(path), found.dtype
        plist = found.id.get_create_plist()
        if found.is_virtual or found.external:
            raise Hdf5Error(f"{shown} lies in other files, which are not opened; write it into this one")
        filters = {plist.get_filter(place)[0] for place in range(plist.get_nfilters())}
        if not filters <= KNOWN_FILTERS:
            raise Hdf5Error(
                f"{shown} is packed by filter {min(filters - KNOWN_FILTERS)}; write it with gzip or without"
            )
        if dtype.kind not in READABLE_KINDS or dtype.itemsize == 0 or dtype.shape:
            raise Hdf5Error(f"{shown} holds {str(dtype)[:40]}; only plain numbers and strings are read")
        if found.shape is None or len(found.shape) > MAX_RANK:
            raise Hdf5Error(f"{shown} has an impossible shape")
        size = math.prod(found.shape) * dtype.itemsize
        chunk = math.prod(found.chunks or (0,)) * dtype.itemsize
        if chunk > max(ALWAYS_FITS, size):
            raise Hdf5Error(f"{shown} is stored in chunks of {chunk} bytes for {size}")
        self._budget -= size
        if self._budget < 0:
            raise Hdf5Error(
                f"what is read would be more than {MOST_GROWTH} times the {self._size} bytes of the file, as no data "
                f"are, from {shown} on"
            )


@contextmanager
def open_hdf5(path: Path) -> Iterator[Hdf5File]:
    """The file at ``path``, for as long as the context lasts. Raises Hdf5Error if it is none."""
    with _as_hdf5_error():
        file = h5py.File(path, "r", locking=False)
    with file:
        yield Hdf5File(path, file)


@contextmanager
def _as_hdf5_error() -> Iterator[None]:
    try:
        yield
    except (Hdf5Error, MemoryError):
        raise
    except Exception as error:  # a damaged file raises whatever its bytes happen to hit
        raise Hdf5Error(f"truncated or damaged HDF5 file ({in_one_line(error)})") from error


def _show(path: tuple[str, ...]) -> str:
    return repr("/".join(path)[:80])[1:-1] or "the file"
