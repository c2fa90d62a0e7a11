"""Which clips the models of a study have seen: kept beside its results, and compared with clips that are predicted.

A clip is known by its features, in whatever file it comes: by the number of its steps and by the first, the middle and
the last of them, of every modality.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.folds import rows_of_fold
from dmd.data.samples.arrays import BoolArray
from dmd.data.samples.row_blocks import row_blocks
from dmd.data.samples.samples import Sequences
from orchestration.executors.dmd_runner import FoldPlan
from orchestration.process.atomic_files import write_whole
from search_spaces.terms.trial import Cell

CLIPS_FILE = "clips.npz"
_NO_FOLD = -1

Prints = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class KnownClips:
    """The clips of a study.

    Attributes:
        ids: n ids.
        prints: (n,) fingerprints of their features.
        cells: repeat and fold of c partitions.
        seen: (c, n), whether a clip trains or validates there.
    """

    ids: tuple[str, ...]
    prints: Prints
    cells: tuple[Cell, ...]
    seen: BoolArray

    def seen_at(self, cell: Cell, prints: Prints) -> BoolArray:
        """(k,): whether clips with these fingerprints train or validate models of ``cell``."""
        found: BoolArray = np.isin(prints, self.prints[self.seen[self.cells.index(cell)]])
        return found


def keep_clips(directory: Path, dataset: Dataset, folds: FoldPlan, cells: Sequence[Cell]) -> None:
    """Write down which clips train and validate in each partition of a study, unless its directory has it already."""
    if read_clips(directory) is not None:
        return
    seen = np.zeros((len(cells), len(dataset)), dtype=bool)
    for number, cell in enumerate(cells):
        part = rows_of_fold(folds.at(cell), dataset.groups, dataset.splits, dataset.file_folds, dataset.name)
        for rows in (part.train, part.valid):
            seen[number, rows] = True
    content = io.BytesIO()
    np.savez_compressed(
        content,
        ids=np.array(dataset.ids, dtype=np.str_),
        prints=fingerprint_clips(dataset),
        cells=np.array([(cell.repeat, _NO_FOLD if cell.fold is None else cell.fold) for cell in cells]),
        seen=seen,
    )
    write_whole(directory / CLIPS_FILE, content.getvalue())


def read_clips(directory: Path) -> KnownClips | None:
    """What :func:`keep_clips` wrote; None where nothing was, as by an earlier version, or where it cannot be read."""
    try:
        # Given a path, NumPy leaves the file of a damaged archive open.
        with np.load(io.BytesIO((directory / CLIPS_FILE).read_bytes()), allow_pickle=False) as file:
            return _decode(*(file[name] for name in ("ids", "prints", "cells", "seen")))
    except Exception:  # a damaged file raises whatever its bytes happen to hit
        return None


def _decode(ids: npt.NDArray[np.str_], prints: Prints, cells: npt.NDArray[np.int64], seen: BoolArray) -> KnownClips:
    if cells.ndim != 2 or seen.shape != (len(cells), len(ids)) or prints.shape != ids.shape:
        raise ValueError("its arrays do not belong together")
    found = (Cell(int(repeat), None if fold == _NO_FOLD else int(fold)) for repeat, fold in cells)
    return KnownClips(tuple(ids.tolist()), prints.astype(np.uint64), tuple(found), seen.astype(bool))


def fingerprint_clips(dataset: Dataset) -> Prints:
    """(n,) fingerprints of the features of every clip."""
    hashes = [hashlib.blake2b(digest_size=8) for _ in range(len(dataset))]
    for modality in dataset.modalities:
        part = dataset.inputs.sequences[modality]
        for rows in row_blocks(part.values.shape):
            for hashed, steps in zip(hashes[rows], _three_steps(part, rows), strict=True):
                hashed.update(steps)
    return np.array([int.from_bytes(hashed.digest(), "little") for hashed in hashes], dtype=np.uint64)


def _three_steps(part: Sequences, rows: slice) -> list[bytes]:
    """Of each row its length and its first, middle and last step; in a data set sequences begin at the first step."""
    lengths = part.lengths[rows]
    values, at = part.values[rows], np.arange(len(lengths))
    # A negative zero is the same value with other bytes.
    steps = np.stack([values[at, step] for step in (0 * lengths, (lengths - 1) // 2, lengths - 1)], axis=1) + 0.0
    return [
        length.tobytes() + clip.tobytes()
        for length, clip in zip(lengths.astype("<i4"), steps.astype("<f4"), strict=True)
    ]
