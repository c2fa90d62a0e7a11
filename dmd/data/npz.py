"""``.npz`` archives with keys ``<split>/<key>``; nothing pickled is ever read from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dmd.data.assemble import assemble
from dmd.data.dataset import Dataset
from dmd.data.layout import NPZ, SCALE_KEY, SPLITS
from dmd.data.lengths import AnyArray
from dmd.data.problems import Problems
from dmd.data.samples import LabelScale
from dmd.errors import DataError


def read_npz(path: Path, scale: LabelScale | None = None) -> Dataset:
    """Read an ``.npz`` archive. Raises DataError with every problem found in it."""
    problems = Problems(path.name)
    arrays: dict[str, AnyArray] = {}
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            wanted = {SCALE_KEY, *(f"{split}/{key}" for split in SPLITS for key in NPZ.keys)}
            for key in sorted(wanted.intersection(archive.files)):
                arrays[key] = _read_one(archive, key, problems)
    except Exception as error:  # a damaged archive raises whatever its bytes happen to hit
        raise DataError(
            f"{path.name}: truncated or damaged archive ({_in_one_line(error)}); fetch or write the file again"
        ) from None
    problems.raise_if_any()
    tables: dict[str, dict[str, AnyArray]] = {}
    for key, array in arrays.items():
        split, _, name = key.partition("/")
        if split in SPLITS:
            tables.setdefault(split, {})[name] = array
    return assemble(tables, arrays.get(SCALE_KEY), scale, NPZ, problems)


def _read_one(archive: Mapping[str, AnyArray], key: str, problems: Problems) -> AnyArray:
    try:
        return archive[key]
    except Exception as error:  # as above, but the other keys can still be read
        problems.add(key, f"cannot be read: {_in_one_line(error)}; fetch or write the file again")
        return np.zeros(0)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
