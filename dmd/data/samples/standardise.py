"""Standardisation that has seen nothing but the training part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from dmd.data.samples.arrays import FloatArray, IntArray, real_steps, standardise
from dmd.data.samples.far_values import MIN_STD, ColumnMoments, Moments, may_hold_far_values, moments_without_far
from dmd.data.samples.mapped_rows import StoredRows
from dmd.data.samples.row_blocks import row_blocks
from dmd.data.samples.samples import Inputs, Sequences
from dmd.modalities import MODALITIES, Modality

_MOST_GATHERED = 1 << 24
"""Values of columns that are looked at closely at a time: 64 MiB."""


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
    """Mean and (population) standard deviation of every feature over the real steps of ``train``, in float64.

    Without values so far out that they would tell of nothing else (:mod:`dmd.data.samples.far_values`).
    """
    mean: dict[Modality, FloatArray] = {}
    std: dict[Modality, FloatArray] = {}
    for modality in modalities:
        part = train.sequences[modality]
        middle, squares, fourths = _moments(part)
        spread = np.sqrt(squares)
        suspects = np.flatnonzero(may_hold_far_values(squares, fourths, int(part.lengths.sum())))
        for index, found in find_far_values(part, suspects).items():
            middle[index], spread[index] = found.mean, found.std
        mean[modality] = middle.astype(np.float32)
        std[modality] = np.where(spread < MIN_STD, 1.0, spread).astype(np.float32)
    return Standardiser(mean, std)


def find_far_values(part: Sequences, suspects: IntArray) -> dict[int, ColumnMoments]:
    """Column -> its moments, of those among ``suspects`` that have far values."""
    num_steps = int(part.lengths.sum())
    at_once = max(1, _MOST_GATHERED // num_steps)
    found: dict[int, ColumnMoments] = {}
    for start in range(0, len(suspects), at_once):
        columns = suspects[start : start + at_once]
        gathered = np.concatenate([steps[:, columns] for steps in _real_blocks(part)])
        moments = {int(index): moments_without_far(values) for index, values in zip(columns, gathered.T, strict=True)}
        found |= {index: moment for index, moment in moments.items() if moment.num_far}
    return found


def count_far_values(part: Sequences) -> dict[int, int]:
    """Column -> its far values, of the columns that have any."""
    _, squares, fourths = _moments(part)
    suspects = np.flatnonzero(may_hold_far_values(squares, fourths, int(part.lengths.sum())))
    return {index: found.num_far for index, found in find_far_values(part, suspects).items()}


def _moments(part: Sequences) -> tuple[Moments, Moments, Moments]:
    """(D,) each: mean over the real steps, mean squared deviation, mean fourth power of it."""
    num_steps = int(part.lengths.sum())
    middle = _sum_steps(part, None)[0] / num_steps
    squares, fourths = (total / num_steps for total in _sum_steps(part, middle))
    return middle, squares, fourths


def _sum_steps(part: Sequences, middle: Moments | None) -> tuple[Moments, ...]:
    """(D,) each: sums over the real steps of x, or of the second and fourth power of x - middle.

    One step after the other, whatever the blocks.
    """
    width = part.values.shape[2]
    totals: list[Moments] = [np.zeros((1, width)) for _ in range(1 if middle is None else 2)]
    for block in _real_blocks(part):
        steps = block.astype(np.float64)
        if middle is not None:
            steps -= middle
        for total in totals:
            if middle is not None:
                steps *= steps
            total[0] = np.add.reduce(np.concatenate([total, steps]), axis=0)
    return tuple(total[0] for total in totals)


def _real_blocks(part: Sequences) -> Iterator[FloatArray]:
    """(k, D) each: the real steps, block by block."""
    for rows in row_blocks(part.values.shape):
        values = part.values[rows]
        yield values[real_steps(part.lengths[rows], values.shape[1])]
