"""Where the features of a data set go when its file is read: into memory, or into files of their own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from dmd.data.samples.arrays import FloatArray
from dmd.modalities import Modality


class FeatureStorage(Protocol):
    """scratch: a folder for what must be unpacked on the way; None: memory."""

    @property
    def scratch(self) -> Path | None: ...

    def make(self, modality: Modality, shape: tuple[int, int, int]) -> FloatArray:
        """Zeros for the values of one modality, (n, T, D). Raises OSError where there is no room."""
        ...


@dataclass(frozen=True)
class InMemory:
    """The process's own memory."""

    scratch: Path | None = None

    def make(self, modality: Modality, shape: tuple[int, int, int]) -> FloatArray:
        return np.zeros(shape, dtype=np.float32)


MEMORY = InMemory()


@dataclass(frozen=True)
class InFiles:
    """One ``.npy`` file per modality in ``folder``."""

    folder: Path
    scratch: Path

    def make(self, modality: Modality, shape: tuple[int, int, int]) -> FloatArray:
        path = self.folder / f"{modality}.npy"
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            # A full disk is an error here; met while a mapped page is written, it would end the process.
            os.posix_fallocate(file.fileno(), 0, offset + 4 * int(np.prod(shape, dtype=object)))
        return np.memmap(path, np.dtype("<f4"), "r+", offset, shape)
