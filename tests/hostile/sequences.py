"""Hostile HDF5: links that lead elsewhere, sizes that nobody has, code to be loaded, and groups without an end.

Each writes ``audio.csd`` into a folder of sound sequences; all they would do elsewhere is to read a file or to fill the
memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np

from tests.dmd.data.csd.files import write_csd

WriteInto = Callable[[Path], object]
VIDEOS = [f"v{number}" for number in range(5)]


def sound_folder(folder: Path) -> Path:
    """Three modalities and labels of five videos."""
    folder.mkdir()
    write_csd(folder / "language.csd", "glove_vectors", {video: [(0.0, 1.0, [1.0, 2.0])] for video in VIDEOS})
    write_csd(folder / "audio.csd", "COVAREP", {video: [(0.0, 1.0, [1.0, 2.0])] for video in VIDEOS})
    write_csd(folder / "vision.csd", "FACET_4.1", {video: [(0.0, 1.0, [1.0, 2.0])] for video in VIDEOS})
    write_csd(folder / "labels.csd", "Opinion Segment Labels", {video: [(0.0, 1.0, [0.4])] for video in VIDEOS})
    return folder


def _audio(folder: Path, fill: Callable[[h5py.Group], object], video: str = "v1") -> None:
    """The sound audio, but for one entry that ``fill`` makes anew."""
    with h5py.File(folder / "audio.csd", "r+") as file:
        data = file["COVAREP/data"]
        del data[video]
        fill(data)


def _entry(folder: Path, fill: Callable[[h5py.Group], object], keep: str = "intervals") -> None:
    """The sound audio, but for the features (or whatever is not kept) of one entry."""

    def make(data: h5py.Group) -> None:
        entry = data.create_group("v1")
        if keep == "intervals":
            entry["intervals"] = np.array([[0.0, 1.0]])
        fill(entry)

    _audio(folder, make)


def _of_another_file(folder: Path) -> Path:
    other = folder.parent / "other.h5"
    with h5py.File(other, "w") as file:
        file["features"] = np.ones((1, 2))
        file["intervals"] = np.array([[0.0, 1.0]])
    return other


def _external_link(folder: Path) -> None:
    other = _of_another_file(folder)
    _audio(folder, lambda data: data.__setitem__("v1", h5py.ExternalLink(str(other), "/")))


def _virtual(folder: Path) -> None:
    other = _of_another_file(folder)
    layout = h5py.VirtualLayout((1, 2), "f8")
    layout[:] = h5py.VirtualSource(str(other), "features", (1, 2))
    _entry(folder, lambda entry: entry.create_virtual_dataset("features", layout))


def _raw_data_elsewhere(folder: Path) -> None:
    secret = folder.parent / "secret"
    secret.write_bytes(bytes(16))
    external = [(str(secret), 0, 16)]
    _entry(folder, lambda entry: entry.create_dataset("features", (1, 2), "f8", external=external))


def _deep(folder: Path, depth: int = 3000) -> None:
    def nest(entry: h5py.Group) -> None:
        place = entry.create_group("features")
        for _ in range(depth):
            place = place.create_group("x")

    _entry(folder, nest)


def _unknown_filter(folder: Path) -> None:
    def pack(entry: h5py.Group) -> None:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((1, 2))
        plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
        h5py.h5d.create(entry.id, b"features", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((1, 2)), plist)

    _entry(folder, pack)


def _hard_link_up(folder: Path) -> None:
    def lead(entry: h5py.Group) -> None:
        entry["features"] = entry.parent

    _entry(folder, lead)


def _one_array_many_videos(folder: Path) -> None:
    """60 MB of zeros, packed to almost nothing, that 500 videos have in common."""
    names = [f"w{number:03}" for number in range(500)]
    write_csd(folder / "labels.csd", "Opinion Segment Labels", {name: [(0.0, 1.0, [0.4])] for name in names})
    write_csd(folder / "language.csd", "glove_vectors", {name: [(0.0, 1.0, [1.0, 2.0])] for name in names})
    with h5py.File(folder / "audio.csd", "w") as file:
        data = file.create_group("COVAREP/data")
        first = data.create_group(names[0])
        first.create_dataset("features", (15_000, 1000), "f4", chunks=(1000, 1000), compression="gzip")
        first.create_dataset("intervals", (15_000, 2), "f8", chunks=(1000, 2), compression="gzip")
        for name in names[1:]:
            data[name] = first


def _bomb(folder: Path) -> None:
    """A gigabyte of zeros in a megabyte."""

    def pack(entry: h5py.Group) -> None:
        found = entry.create_dataset("features", (1 << 18, 1024), "f4", chunks=(1 << 12, 1024), compression="gzip")
        found[: 1 << 12] = 0

    _entry(folder, pack)


def _of_type(folder: Path, dtype: object, shape: tuple[int, ...] = (1, 2)) -> None:
    _entry(folder, lambda entry: entry.create_dataset("features", shape, dtype))


def _cut_off(folder: Path) -> None:
    content = (folder / "audio.csd").read_bytes()
    (folder / "audio.csd").write_bytes(content[: len(content) // 2])


def _without_data(folder: Path) -> None:
    with h5py.File(folder / "audio.csd", "w") as file:
        file.create_group("COVAREP/metadata")


def _two_roots(folder: Path) -> None:
    with h5py.File(folder / "audio.csd", "r+") as file:
        file.create_group("\x1b]0;title\x07")


def _external_root(folder: Path) -> None:
    with h5py.File(folder / "audio.csd", "w") as file:
        file["COVAREP"] = h5py.ExternalLink("/dev/zero", "/")


SEQUENCES: Mapping[str, WriteInto] = {
    "external link": _external_link,
    "external link to itself": lambda folder: _audio(
        folder, lambda data: data.__setitem__("v1", h5py.ExternalLink("audio.csd", "/COVAREP/data/v2"))
    ),
    "external link to a device": lambda folder: _audio(
        folder, lambda data: data.__setitem__("v1", h5py.ExternalLink("/dev/zero", "/"))
    ),
    "soft link": lambda folder: _audio(folder, lambda data: data.__setitem__("v1", h5py.SoftLink("/COVAREP/data/v2"))),
    "soft link to itself": lambda folder: _entry(
        folder, lambda entry: entry.__setitem__("features", h5py.SoftLink("/COVAREP/data/v1/features"))
    ),
    "hard link to a group above": _hard_link_up,
    "virtual data set": _virtual,
    "raw data in another file": _raw_data_elsewhere,
    "deep groups": _deep,
    "unknown filter": _unknown_filter,
    "huge shape": lambda folder: _entry(
        folder, lambda entry: entry.create_dataset("features", (1 << 40, 1 << 12), "f4", chunks=(64, 64))
    ),
    "huge chunk": lambda folder: _entry(
        folder,
        lambda entry: entry.create_dataset("features", (1, 2), "f4", chunks=(1 << 14, 1 << 14), maxshape=(None, None)),
    ),
    "bomb": _bomb,
    "one array, many videos": _one_array_many_videos,
    "compound": lambda folder: _of_type(folder, np.dtype([("a", "f4"), ("b", "i8")])),
    "references": lambda folder: _of_type(folder, h5py.ref_dtype),
    "text of any length": lambda folder: _of_type(folder, h5py.string_dtype()),
    "arrays of any length": lambda folder: _of_type(folder, h5py.vlen_dtype(np.dtype("f4"))),
    "opaque": lambda folder: _of_type(folder, np.dtype("V16")),
    "no values": lambda folder: _entry(folder, lambda entry: entry.create_dataset("features", data=h5py.Empty("f4"))),
    "one number": lambda folder: _of_type(folder, "f4", ()),
    "other intervals": lambda folder: _entry(
        folder, lambda entry: entry.__setitem__("features", np.ones((7, 2), np.float32))
    ),
    "no data": _without_data,
    "two roots": _two_roots,
    "an external link as the root": _external_root,
    "cut off": _cut_off,
    "nothing but a beginning": lambda folder: (folder / "audio.csd").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100)),
    "a pickle": lambda folder: (folder / "audio.csd").write_bytes(b"cos\nsystem\n(S'true'\ntR."),
    "empty": lambda folder: (folder / "audio.csd").write_bytes(b""),
    "a device": lambda folder: ((folder / "audio.csd").unlink(), (folder / "audio.csd").symlink_to("/dev/zero")),
}
"""Each is refused by one line."""
