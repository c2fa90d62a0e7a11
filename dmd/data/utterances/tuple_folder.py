"""MISA's cache: a folder with one pickle for each split."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from dmd.data.samples.arrays import FloatArray
from dmd.data.untrusted.archive import in_one_line
from dmd.data.untrusted.unpickle import load_pickle
from dmd.data.utterances.tuples import SPLIT_NAMES
from dmd.errors import DataError

ENDING = ".pkl"
EMBEDDING = "embedding.npy"


def is_tuple_folder(path: Path) -> bool:
    """Whether a folder holds ``train.pkl`` and ``test.pkl``."""
    return path.is_dir() and all((path / f"{name}{ENDING}").is_file() for name in ("train", "test"))


def load_tuple_folder(folder: Path) -> dict[str, object]:
    """Name of a split -> content of its pickle. Raises DataError."""
    return {name: _load(path) for name in SPLIT_NAMES if (path := folder / f"{name}{ENDING}").is_file()}


def _load(path: Path) -> object:
    with path.open("rb") as stream:
        try:
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise DataError(f"{path.name}: is empty; fetch or write the file again") from None
    return load_pickle(content, f"{path.parent.name}/{path.name}")


def load_embedding(folder: Path) -> FloatArray | None:
    """(V, D) vectors of the vocabulary that lie beside the file; None: there are none. Raises DataError."""
    path = folder / EMBEDDING
    if not path.is_file():
        return None
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged file raises whatever its bytes happen to hit
        raise DataError(f"{EMBEDDING}: cannot be read ({in_one_line(error)}); write it with numpy.save") from None
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise DataError(f"{EMBEDDING}: must be (words, D) numbers, but has shape {vectors.shape}, {vectors.dtype}")
    found: FloatArray = vectors
    return found
