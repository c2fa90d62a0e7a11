"""Hostile ``.npz`` archives: pickles in arrays, code in headers, bombs, and names that lead elsewhere."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Write = Callable[[Path], bytes]


class Touches:
    """Unpickled, makes a file."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._canary,)


def sound_members() -> dict[str, bytes]:
    """The members of a small file that is read without complaint."""
    arrays: dict[str, np.ndarray] = {}
    for split, size in (("train", 6), ("valid", 3), ("test", 3)):
        arrays |= {f"{split}/{key}": np.ones((size, 2, 2), np.float32) for key in ("text", "audio", "vision")}
        arrays[f"{split}/labels"] = np.zeros(size, np.float32)
        arrays[f"{split}/id"] = np.array([f"{split}{row}" for row in range(size)])
    return {f"{name}.npy": member_of(array) for name, array in arrays.items()}


def member_of(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def pack(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def header(text: str, version: int = 1, size: int | None = None) -> bytes:
    """A member that begins with this header, whatever it says."""
    content = text.encode("latin1") + b"\n"
    length = len(content) if size is None else size
    packed = struct.pack("<H", length) if version == 1 else struct.pack("<I", length)
    return b"\x93NUMPY" + bytes([version, 0]) + packed + content


def described(descr: str, shape: str, data: bytes = b"") -> bytes:
    return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}") + data


def with_text(member: bytes, name: str = "train/text.npy", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The sound file with one other member."""
    return pack({**sound_members(), name: member}, method)


def _zeros(gigabytes: float) -> bytes:
    """A sound file but for one array of zeros, a thousandth of its size."""
    stream = io.BytesIO()
    rows = int(gigabytes * 2**30 / 4096)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sound_members().items():
            if name != "train/text.npy":
                archive.writestr(name, content)
        with archive.open("train/text.npy", "w", force_zip64=True) as member:
            member.write(described("'<f4'", f"({rows}, 2, 512)"))
            block = bytes(1 << 20)
            for _ in range(rows // 256):
                member.write(block)
    return stream.getvalue()


def _overlapping() -> bytes:
    """Hundred names for the same bytes of the file: what is small becomes large without any compression."""
    payload = member_of(np.zeros((1, 1 << 20, 1), np.uint8))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("train/text.npy", payload)
        first = archive.infolist()[0]
        for split in ("train", "valid", "test"):
            for key in ("text", "audio", "vision", "labels", "id", "video", "fold", "lengths", "text_bert"):
                if (split, key) != ("train", "text"):
                    copy = zipfile.ZipInfo(f"{split}/{key}.npy")
                    copy.header_offset, copy.CRC = first.header_offset, first.CRC
                    copy.compress_size, copy.file_size = first.compress_size, first.file_size
                    archive.filelist.append(copy)
                    archive.NameToInfo[copy.filename] = copy
    return stream.getvalue()


def _altered(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """``content`` with bytes changed in every structure of the zip file that begins with ``signature``."""
    changed, start = bytearray(content), 0
    while (place := content.find(signature, start)) >= 0:
        changed[place + offset : place + offset + len(value)] = value
        start = place + 4
    return bytes(changed)


def _twice() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in sound_members().items():
            archive.writestr(name, content)
            if name == "train/text.npy":
                copy = zipfile.ZipInfo("train/text.npz")
                archive.writestr(copy, content)
    return stream.getvalue().replace(b"train/text.npz", b"train/text.npy")


def _code(canary: Path) -> str:
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"

ARCHIVES: Mapping[str, Write] = {
    "object array": lambda canary: with_text(member_of(np.array([Touches(canary)], dtype=object), allow_pickle=True)),
    "object array of ids": lambda canary: with_text(
        member_of(np.array([Touches(canary)] * 6, dtype=object), allow_pickle=True), "train/id.npy"
    ),
    "object array as scale": lambda canary: with_text(
        member_of(np.array([Touches(canary)], dtype=object), allow_pickle=True), "label_scale.npy"
    ),
    "pickle as a member": lambda canary: with_text(b"cos\nsystem\n(S'touch x'\ntR."),
    "code as header": lambda canary: with_text(header(_code(canary))),
    "code in a header": lambda canary: with_text(described(_code(canary), "(6, 2, 2)", bytes(96))),
    "code as shape": lambda canary: with_text(described("'<f4'", f"({_code(canary)}, 2, 2)", bytes(96))),
    "nested header": lambda canary: with_text(header("[" * 9_000)),
    "nested header of 100,000": lambda canary: with_text(header("(" * 100_000, version=2)),
    "forged size of header": lambda canary: with_text(header("{}", version=2, size=2**31)),
    "unknown version": lambda canary: with_text(b"\x93NUMPY\x09\x00\x02\x00{}"),
    "huge shape": lambda canary: with_text(described("'<f4'", f"({10**12}, 2, 2)", bytes(96))),
    "shape beyond integers": lambda canary: with_text(described("'<f4'", f"({10**40}, 2, 2)", bytes(96))),
    "negative shape": lambda canary: with_text(described("'<f4'", "(-6, -2, 2)", bytes(96))),
    "shape that is no shape": lambda canary: with_text(described("'<f4'", "('6', 2.0, None)", bytes(96))),
    "many axes": lambda canary: with_text(described("'<f4'", str((1,) * 60), bytes(4))),
    "no bytes, many values": lambda canary: with_text(described("'|S0'", f"({10**15},)")),
    "structured dtype": lambda canary: with_text(described("[('a', '<f4'), ('b', '|O')]", "(2,)", bytes(24))),
    "dtype of arrays": lambda canary: with_text(described("('<f4', (1000000, 1000000))", "(1,)", bytes(4))),
    "dates": lambda canary: with_text(described("'<M8[s]'", "(6, 2, 2)", bytes(192))),
    "bomb": lambda canary: _zeros(0.25),
    "overlapping members": lambda canary: _overlapping(),
    "bomb in a bomb": lambda canary: with_text(pack({"train/text.npy": bytes(1 << 26)})),
    "names that lead out": lambda canary: pack(
        {
            f"../{canary.name}": b"x",
            str(canary): b"x",
            f"..\\{canary.name}": b"x",
            **dict.fromkeys(("a/../../b",), b"x"),
        }
    ),
    "name with NUL": lambda canary: pack({"train/text\x00.npy": b"x", "train/te\x00xt": b"x"}),
    "name twice": lambda canary: _twice(),
    "unusual packing": lambda canary: with_text(sound_members()["train/text.npy"], method=zipfile.ZIP_LZMA),
    "encrypted": lambda canary: _altered(
        _altered(pack(sound_members()), CENTRAL, 8, b"\x01\x00"), LOCAL, 6, b"\x01\x00"
    ),
    "forged size of members": lambda canary: _altered(pack(sound_members()), CENTRAL, 24, struct.pack("<I", 2**32 - 2)),
    "forged offsets": lambda canary: _altered(pack(sound_members(), 0), CENTRAL, 42, struct.pack("<I", 2**31)),
    "wrong checksum": lambda canary: pack(sound_members(), 0).replace(np.float32(1).tobytes() * 3, b"\x00" * 12),
    "nothing but an end": lambda canary: b"PK\x05\x06" + bytes(18),
    "nothing but a beginning": lambda canary: b"PK\x03\x04",
    "cut off": lambda canary: pack(sound_members())[:-40],
    "two hundred thousand members": lambda canary: _many_members(200_000),
}
"""Each is refused by one line."""


def _many_members(number: int) -> bytes:
    entries = b"".join(
        b"PK\x01\x02" + bytes(24) + struct.pack("<HHHHHII", 6, 0, 0, 0, 0, 0, 0) + b"%06d" % (place % 1_000_000)
        for place in range(number)
    )
    zip64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, number, number, len(entries), 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(entries), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return entries + zip64 + locator + end
