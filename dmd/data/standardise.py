"""Standardisation that has seen nothing but the training part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.row_blocks import row_blocks
from dmd.data.samples import FloatArray, Inputs, Sequences
from dmd.data.standardised import CLIP, real_steps, standardise
from dmd.data.stored_rows import StoredRows
from dmd.modalities import MODALITIES, Modality

__all__ = ["CLIP", "MIN_STD", "Standardiser", "fit_standardiser"]

MIN_STD = 1e-4
"""A feature that varies less than this is constant: it is centred and left unscaled."""

Moments = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Standardiser:
    """mean, std: modality -> (D_m,) over the real steps of a training part; one without them is left as it is."""

    mean: Mapping[Modality, FloatArray]
    std: Mapping[Modality, FloatArray]

    def apply(self, inputs: Inputs) -> Inputs:
        """Centre, scale and clip the real steps; padded steps stay exactly zero. Stored rows are when they are read."""
        return Inputs(inputs.ids, inputs.groups, {m: self._apply_one(m, part) for m, part in inputs.sequences.items()})

    def _apply_one(self, modality: Modality, part: Sequences) -> Sequences:
        if modality not in self.mean:
            return part
        mean, std = self.mean[modality], self.std[modality]
        if isinstance(part.values, StoredRows):
            return Sequences(part.values.standardised(mean, std), part.lengths)
        return Sequences(standardise(part.values, part.lengths, mean, std), part.lengths)


def fit_standardiser(train: Inputs, modalities: Iterable[Modality] = MODALITIES) -> Standardiser:
    """Mean and (population) standard deviation of every feature over the real steps of ``train``, in float64."""
    mean: dict[Modality, FloatArray] = {}
    std: dict[Modality, FloatArray] = {}
    for modality in modalities:
        part = train.sequences[modality]
        num_steps = int(part.lengths.sum())
        middle = _sum_steps(part, None) / num_steps
        spread = np.sqrt(_sum_steps(part, middle) / num_steps)
        mean[modality] = middle.astype(np.float32)
        std[modality] = np.where(spread < MIN_STD, 1.0, spread).astype(np.float32)
    return Standardiser(mean, std)


def _sum_steps(part: Sequences, middle: Moments | None) -> Moments:
    """(D,): sum over the real steps of x, or of ``(x - middle) ** 2``, one step after the other whatever the blocks."""
    total: Moments = np.zeros((1, part.values.shape[2]))
    for rows in row_blocks(part.values.shape):
        values = part.values[rows]
        steps = values[real_steps(part.lengths[rows], values.shape[1])].astype(np.float64)
        if middle is not None:
            steps -= middle
            steps *= steps
        total[0] = np.add.reduce(np.concatenate([total, steps]), axis=0)
    summed: Moments = total[0]
    return summed
