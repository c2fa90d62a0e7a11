"""Samples of three modalities: what a model may look at, and the scale that labels live on.

Shape legend used in this package: ``n`` samples, ``T_m`` steps of modality m, ``D_m`` its width.

A data set holds sequences **right-padded**: the real steps come first, zeros after, whatever side the file padded on.
A partition lays them out at the side that a trial asks for (:mod:`dmd.data.samples.alignment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NewType

import numpy as np

from dmd.data.samples.arrays import FloatArray, IntArray, Side
from dmd.data.samples.mapped_rows import StoredRows
from dmd.modalities import Modality

ContentHash = NewType("ContentHash", str)
FilePadding = Literal["left", "right", "none", "mixed"]


@dataclass(frozen=True)
class LabelScale:
    """The declared scale of the regression label; the defaults are those of MOSI and MOSEI.

    Attributes:
        low, high: range, both ends included.
        neutral: the point between negative and positive.
    """

    low: float = -3.0
    high: float = 3.0
    neutral: float = 0.0


@dataclass(frozen=True)
class Sequences:
    """Features of one modality.

    Attributes:
        values: (n, T_m, D_m) float32, padded with zeros; an array, or rows of a file, which are read when a batch of
            them is asked for (:mod:`dmd.data.samples.mapped_rows`).
        lengths: (n,) real steps, each in 1..T_m.
        side: where the real steps stand.
    """

    values: FloatArray | StoredRows
    lengths: IntArray
    side: Side = "start"

    @property
    def in_memory(self) -> FloatArray:
        """The values as an array, all of them."""
        return self.values if isinstance(self.values, np.ndarray) else self.values[slice(None)]

    def take(self, rows: IntArray) -> Sequences:
        """The sequences of the given rows, in that order; those of a file stay there."""
        values = self.values[rows] if isinstance(self.values, np.ndarray) else self.values.take(rows)
        return replace(self, values=values, lengths=self.lengths[rows])


@dataclass(frozen=True)
class Inputs:
    """What a model may look at: features without labels.

    Attributes:
        ids: n ids of items.
        groups: the group (the video) of each item.
        sequences: modality -> features of all items.
    """

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
    """Inputs with their labels, (n,) or (n, K) float32: a training or a validation part."""

    inputs: Inputs
    labels: FloatArray

    def __len__(self) -> int:
        return len(self.labels)
