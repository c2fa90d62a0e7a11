"""Arrays out of a stranger's ``.npz`` archive, each checked before memory is spent on it.

An archive is a zip file of ``.npy`` members. Its directory says how large every member becomes, so a bomb is refused
before anything is unpacked; a member's header says which array it holds, so one that promises more than its bytes is
refused before anything is allocated. Names are only looked up, never used as paths: nothing is unpacked to disk.
"""

from __future__ import annotations

import math
import os
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from dmd.data.samples.arrays import AnyArray

ENDING = ".npy"
READABLE_KINDS = "biufSU"
MAX_RANK = 8
MOST_GROWTH = 100
"""How many times its own size an archive may become. Padded sequences shrink to a third or a tenth; what shrinks to
less than a hundredth is all but empty."""
ALWAYS_FITS = 1 << 26
"""Up to so many bytes an archive may become whatever its size."""

_BLOCK = 1 << 20
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1


class ArchiveError(Exception):
    """What is wrong with an archive or a member of it; one line without the file's name."""


@dataclass(frozen=True)
class _Member:
    """One array of an archive. starts_at: of its bytes in the file; None if they are compressed."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype[Any]
    header_size: int
    starts_at: int | None


class Archive:
    """An open archive; ``names`` are those of its arrays. Use :func:`open_archive`."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self._path = path
        self._zip = file
        self._infos = {info.filename.removesuffix(ENDING): info for info in file.infolist()}
        counts = Counter(info.filename.removesuffix(ENDING) for info in file.infolist())
        self._repeated = frozenset(name for name, count in counts.items() if count > 1)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._infos)

    def check_expansion_ratio(self, names: Collection[str]) -> None:
        """Refuse an archive whose arrays ``names`` together become far larger than the file. Raises ArchiveError."""
        size = self._path.stat().st_size
        becomes = sum(self._infos[name].file_size for name in names)
        if becomes > max(ALWAYS_FITS, MOST_GROWTH * size):
            raise ArchiveError(
                f"its {size} bytes would become {becomes}, more than {MOST_GROWTH} times as many, as no data do; "
                "nothing was unpacked"
            )

    def read(self, name: str) -> AnyArray:
        """The array of that name. Raises ArchiveError for what is no plain array, or damaged."""
        member = self._describe(name)
        with _as_archive_error(), self._zip.open(member.info) as stream:
            stream.read(member.header_size)
            flat = np.empty(math.prod(member.shape), member.dtype)
            _fill(flat.view(np.uint8).data if flat.size else memoryview(b""), stream)
        return flat.reshape(member.shape, order="F" if member.is_fortran else "C")

    def map(self, name: str, scratch: Path) -> AnyArray:
        """The array of that name without its bytes in memory: those of the archive where they are stored uncompressed,
        else unpacked into a file of ``scratch``. Raises ArchiveError as :meth:`read`, OSError for a full disk."""
        member = self._describe(name)
        order: Any = "F" if member.is_fortran else "C"
        if 0 in member.shape:
            return np.zeros(member.shape, member.dtype)
        if member.starts_at is not None:
            begins = member.starts_at + member.header_size
            self._require_sum(member)
            return np.memmap(self._path, member.dtype, "r", begins, member.shape, order)
        unpacked = scratch / f"{len(list(scratch.iterdir()))}.bin"
        with _as_archive_error(), self._zip.open(member.info) as stream, unpacked.open("wb") as file:
            stream.read(member.header_size)
            while block := stream.read(_BLOCK):
                file.write(block)
        return np.memmap(unpacked, member.dtype, "r", 0, member.shape, order)

    def _describe(self, name: str) -> _Member:
        """The array that a member says it is. Raises ArchiveError for one that cannot be."""
        info = self._infos[name]
        if name in self._repeated:
            raise ArchiveError("stands more than once in the archive")
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError("is encrypted or packed in an unusual way; write it with numpy.savez_compressed")
        with _as_archive_error(), self._zip.open(info) as stream:
            shape, is_fortran, dtype = _read_header(stream)
            header_size = stream.tell()
        if dtype.hasobject:
            raise ArchiveError(
                "Object arrays are pickles, which may hold programs, and are not read; save plain arrays"
            )
        if dtype.kind not in READABLE_KINDS or dtype.itemsize == 0 or dtype.shape:
            raise ArchiveError(f"holds {str(dtype)[:40]}; only plain numbers and strings are read")
        if len(shape) > MAX_RANK or min(shape, default=0) < 0:
            raise ArchiveError(f"has an impossible shape of {len(shape)} axes")
        promised = math.prod(shape) * dtype.itemsize
        if promised != info.file_size - header_size:
            raise ArchiveError(
                f"promises {promised} bytes for shape {str(shape)[:60]}, has {info.file_size - header_size}"
            )
        return _Member(info, shape, is_fortran, dtype, header_size, self._offset_of(info))

    def _offset_of(self, info: zipfile.ZipInfo) -> int | None:
        """Where the bytes of a stored member begin. Raises ArchiveError if the file does not hold them."""
        if info.compress_type != zipfile.ZIP_STORED:
            return None
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            head = file.read(_LOCAL_HEADER.size)
        if len(head) < _LOCAL_HEADER.size:
            raise ArchiveError("begins beyond the end of the file")
        magic, name_size, extra_size = _LOCAL_HEADER.unpack(head)
        start = info.header_offset + _LOCAL_HEADER.size + name_size + extra_size
        if magic != b"PK\x03\x04" or start + info.file_size > self._path.stat().st_size:
            raise ArchiveError("lies beyond the end of the file")
        return int(start)

    def _require_sum(self, member: _Member) -> None:
        """Compare a stored member with its checksum: what is mapped is not checked by the zip reader."""
        assert member.starts_at is not None
        with self._path.open("rb") as file:
            file.seek(member.starts_at)
            checksum, left = 0, member.info.file_size
            while left and (block := file.read(min(_BLOCK, left))):
                checksum, left = zlib.crc32(block, checksum), left - len(block)
        if left or checksum != member.info.CRC:
            raise ArchiveError("does not match its checksum")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The archive at ``path``, for as long as the context lasts. Raises ArchiveError if it is none."""
    with _as_archive_error():
        file = zipfile.ZipFile(path)
    with file:
        yield Archive(path, file)


@contextmanager
def _as_archive_error() -> Iterator[None]:
    try:
        yield
    except (ArchiveError, MemoryError):
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise ArchiveError(in_one_line(error)) from error
    except Exception as error:  # a damaged archive raises whatever its bytes happen to hit
        raise ArchiveError(in_one_line(error)) from error


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype. NumPy reads them as a literal of at most 10,000 characters, never as an expression."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ArchiveError(f"is of version {version[0]}.{version[1]} of the .npy format; 1.0 and 2.0 are read")


def _fill(target: memoryview, stream: IO[bytes]) -> None:
    filled = 0
    while filled < len(target):
        count = stream.readinto(target[filled : filled + _BLOCK])  # type: ignore[attr-defined]
        if not count:
            raise ArchiveError(f"ends after {filled} of {len(target)} bytes")
        filled += count
    if stream.read(1):
        raise ArchiveError("is longer than its array")


def in_one_line(error: Exception) -> str:
    """What an error says, on one line of bounded length; its name where it says nothing."""
    if isinstance(error, OSError) and error.strerror:
        return os.strerror(error.errno or 0)
    return " ".join(str(error).split())[:200] or type(error).__name__
