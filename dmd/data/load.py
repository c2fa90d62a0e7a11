"""Opening a data set by name or path; the reader is chosen by what the file contains, not by what it is called."""

from __future__ import annotations

from pathlib import Path

from dmd.data.dataset import Dataset
from dmd.data.mmsa import read_mmsa_pickle
from dmd.data.npz import read_npz
from dmd.data.planted import load_planted
from dmd.data.planted_spec import PLANTED, parse_planted_name
from dmd.data.samples import LabelScale
from dmd.errors import DataError

ZIP_MAGIC = b"PK"
PICKLE_STARTS = (b"\x80", b"(", b"}", b"]", b"c")
"""Protocols 2 and up begin with PROTO; 0 and 1, which Python 2 wrote by default, with a container or a name."""


def open_dataset(name_or_path: str, data_dir: Path | None = None, scale: LabelScale | None = None) -> Dataset:
    """Planted data (``planted``, ``planted:seed=1,interaction=0.5``), a file at this path, or a file in ``data_dir``.

    scale: takes precedence over the file's own label scale. Raises DataError naming where it looked and what to do.
    """
    if name_or_path == PLANTED or name_or_path.startswith(f"{PLANTED}:"):
        return load_planted(parse_planted_name(name_or_path), scale)
    places = [Path(name_or_path).expanduser()]
    if data_dir is not None:
        places.append(data_dir / name_or_path)
    for place in places:
        if place.is_file():
            return load_dataset(place, scale)
    looked = " and ".join(repr(str(place))[1:-1] for place in places)
    raise DataError(
        f"no data file {name_or_path!r}: looked at {looked}; correct the path, name its folder with --data-dir or "
        "DMD_DATA_DIR, or use 'planted' for the embedded data"
    )


def load_dataset(path: Path, scale: LabelScale | None = None) -> Dataset:
    """Read ``path`` as ``.npz`` or as a pickle in MMSA layout. Raises DataError with every problem found in it."""
    try:
        with path.open("rb") as stream:
            start = stream.read(2)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; correct the path or its permissions") from None
    if start == ZIP_MAGIC:
        return read_npz(path, scale)
    if start[:1] in PICKLE_STARTS:
        return read_mmsa_pickle(path, scale)
    found = f"starts with {start!r}" if start else "is empty"
    raise DataError(f"{path.name}: neither an .npz archive nor a pickle (it {found}); convert it to one of these")
