"""Samples of three modalities: what a model may look at, and the scale that labels live on.

Shape legend used in this package: ``n`` samples, ``T_m`` steps of modality m, ``D_m`` its width.

Sequences are held **right-padded**: the real steps come first, zeros after, whatever side the file padded on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NewType

import numpy as np
import numpy.typing as npt

from dmd.modalities import Modality

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
ContentHash = NewType("ContentHash", str)
FilePadding = Literal["left", "right", "none", "mixed"]


@dataclass(frozen=True)
class LabelScale:
    """The declared range of the regression label and its neutral point (MOSI and MOSEI: [-3, 3] and 0)."""

    low: float = -3.0
    high: float = 3.0
    neutral: float = 0.0


@dataclass(frozen=True)
class Sequences:
    """Features of one modality.

    values: (n, T_m, D_m) float32, right-padded with zeros.
    lengths: (n,) real steps, each in 1..T_m.
    """

    values: FloatArray
    lengths: IntArray

    def take(self, rows: IntArray) -> Sequences:
        """The sequences of the given rows, in that order."""
        return Sequences(self.values[rows], self.lengths[rows])


@dataclass(frozen=True)
class Inputs:
    """What a model may look at: features without labels."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    sequences: Mapping[Modality, Sequences]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: IntArray) -> Inputs:
        """The inputs of the given rows, in that order."""
        return Inputs(
            tuple(self.ids[row] for row in rows),
            tuple(self.groups[row] for row in rows),
            {modality: sequences.take(rows) for modality, sequences in self.sequences.items()},
        )


@dataclass(frozen=True)
class Labelled:
    """Inputs with their labels, (n,) float32: a training or a validation part."""

    inputs: Inputs
    labels: FloatArray

    def __len__(self) -> int:
        return len(self.labels)
