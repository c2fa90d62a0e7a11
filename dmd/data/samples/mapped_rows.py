"""Memory-mapped features: rows are copied out of their file a batch at a time.

All processes of a machine share the pages of the file that the system caches. After every read a process returns the
pages that it has read; they stay in the cache and count as no process's memory. Otherwise they would soon be most of
the file: the system maps whole stretches of its cache around what is read.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmd.data.samples.arrays import FloatArray, IntArray, Side, place_at, standardise
from dmd.data.samples.row_blocks import row_blocks


class StoredFile:
    """The values (n, T, D) float32 of a ``.npy`` file, from byte ``offset`` on."""

    def __init__(self, path: Path, offset: int, shape: tuple[int, int, int]) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._values: FloatArray = np.frombuffer(self._map, np.dtype("<f4"), offset=offset).reshape(shape)
        self.shape = shape

    def read(self, rows: IntArray) -> FloatArray:
        """Copies of the given rows."""
        values: FloatArray = np.take(self._values, rows, axis=0)
        self._map.madvise(mmap.MADV_DONTNEED)
        return values


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Some rows of a file, in an order, perhaps standardised; gives (k, T, D) arrays for rows, as an array does.

    Attributes:
        file: holds the values.
        rows: (n,) row numbers in the file.
        lengths: (n,) real steps of them; in the file they come first.
        mean, std: (D,), or None to leave values as they are.
        side: where the real steps are to stand.
        num_steps: steps of each row; None: as many as in the file.
        shape: (n, T, D) of these rows.
    """

    file: StoredFile
    rows: IntArray
    lengths: IntArray
    mean: FloatArray | None = None
    std: FloatArray | None = None
    side: Side = "start"
    num_steps: int | None = None
    shape: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        _, num_steps, width = self.file.shape
        object.__setattr__(self, "shape", (len(self.rows), self.num_steps or num_steps, width))

    def __getitem__(self, rows: IntArray | slice) -> FloatArray:
        """The values of the given rows, (k, T, D), in memory."""
        indices, lengths = self.rows[rows], self.lengths[rows]
        values: FloatArray = np.empty((len(indices), *self.shape[1:]), np.float32)
        # In blocks, so that what comes between the file and the batch stays small.
        for block in row_blocks(values.shape):
            found = self.file.read(indices[block])
            if self.mean is not None and self.std is not None:
                found = standardise(found, lengths[block], self.mean, self.std)
            values[block] = place_at(found, lengths[block], self.side, self.shape[1])
        return values

    def take(self, rows: IntArray) -> StoredRows:
        """The given rows, still in the file."""
        return replace(self, rows=self.rows[rows], lengths=self.lengths[rows])

    def standardised(self, mean: FloatArray, std: FloatArray) -> StoredRows:
        """The same rows, to be standardised when they are read."""
        return replace(self, mean=mean, std=std)


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """Stored rows as the features of a part: gives tensors on ``device`` for the rows that a batch asks for."""

    values: StoredRows
    device: str

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        wanted = rows if isinstance(rows, slice) else rows.cpu().numpy()
        return torch.from_numpy(self.values[wanted]).to(self.device)

    def any(self) -> bool:
        """Whether the first rows hold anything but zeros, which tells a modality that is blank from one that is not."""
        return bool(self.values[slice(0, 16)].any())
