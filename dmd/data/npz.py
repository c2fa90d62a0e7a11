"""``.npz`` archives with keys ``<split>/<key>``; nothing pickled is ever read from them."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from dmd.data.assemble import assemble
from dmd.data.dataset import Dataset
from dmd.data.layout import NPZ, SCALE_KEY, SPLITS
from dmd.data.lengths import AnyArray
from dmd.data.problems import Problems
from dmd.data.samples import LabelScale
from dmd.errors import DataError

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, MemoryError, NotImplementedError)
"""What NumPy and zipfile raise for a file that is cut short, altered, or holds Python objects."""


def read_npz(path: Path, scale: LabelScale | None = None) -> Dataset:
    """Read an ``.npz`` archive. Raises DataError with every problem found in it."""
    problems = Problems(path.name)
    arrays: dict[str, AnyArray] = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            wanted = {SCALE_KEY, *(f"{split}/{key}" for split in SPLITS for key in NPZ.keys)}
            for key in sorted(wanted.intersection(archive.files)):
                try:
                    arrays[key] = archive[key]
                except DAMAGE as error:
                    problems.add(key, f"cannot be read: {error or type(error).__name__}; fetch or write the file again")
    except DAMAGE as error:
        raise DataError(f"{path.name}: truncated or damaged archive ({error}); fetch or write the file again") from None
    problems.raise_if_any()
    tables: dict[str, dict[str, AnyArray]] = {}
    for key, array in arrays.items():
        split, _, name = key.partition("/")
        if split in SPLITS:
            tables.setdefault(split, {})[name] = array
    return assemble(tables, arrays.get(SCALE_KEY), scale, NPZ, problems)
