"""Which side a file padded on, and how to make it the right side.

Legend: n samples, T steps, D features; a *zero run* is a stretch of all-zero steps at one end of a sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.samples.arrays import AnyArray, FloatArray, IntArray
from dmd.data.samples.row_blocks import row_blocks
from dmd.data.samples.samples import FilePadding, Sequences

MINORITY = 0.05
"""Without lengths: up to this share of samples with zeros at the other end are real silence, not padding."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Padding:
    """Where the real steps of each sample lie in the file's array.

    Attributes:
        side: that the file padded.
        starts: (n,) first real step.
        lengths: (n,) real steps.
        unsound: rows whose padded steps are not zero whichever side is taken.
    """

    side: FilePadding
    starts: IntArray
    lengths: IntArray
    unsound: IntArray


def as_float32(array: AnyArray) -> FloatArray:
    """Numbers as float32, those too large for it as infinities."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float32)


def zero_runs(values: AnyArray) -> tuple[IntArray, IntArray]:
    """(n,) all-zero steps at the beginning and at the end of each sample; T for both where all steps are zero.

    Non-finite values count as real: they are measured before they are replaced.
    """
    steps = values.shape[1]
    real = np.zeros(values.shape[:2], dtype=np.bool_)
    for rows in row_blocks(values.shape):
        real[rows] = (as_float32(values[rows]) != 0).any(axis=2)
    empty = ~real.any(axis=1)
    leading = np.where(empty, steps, real.argmax(axis=1))
    trailing = np.where(empty, steps, real[:, ::-1].argmax(axis=1))
    return leading.astype(np.int64), trailing.astype(np.int64)


def locate_by_lengths(values: AnyArray, lengths: IntArray) -> Padding:
    """Where the real steps lie when the number of them, (n,) in 1..T, is known.

    A real step may be all zero (silence, no face), so the lengths are trusted and only the padding is verified:
    a sample can be right-padded if its last T - length steps are zero, left-padded if its first are.
    """
    leading, trailing = zero_runs(values)
    padded = values.shape[1] - lengths
    fits_left, fits_right = leading >= padded, trailing >= padded
    side = _name_side(fits_left & ~fits_right, fits_right & ~fits_left)
    is_left = fits_left & (~fits_right | (side == "left"))
    return Padding(side, np.where(is_left, padded, 0), lengths, np.flatnonzero(~(fits_left | fits_right)))


def locate_by_mask(values: AnyArray, lengths: IntArray) -> Padding:
    """As :func:`locate_by_lengths`, for lengths that belong to the tokens this modality is aligned with.

    Such lengths say what MMSA uses, not what this array holds: steps beyond them need not be zero and are dropped.
    Left-padded only if every sample can be and some sample must be.
    """
    leading, trailing = zero_runs(values)
    padded = values.shape[1] - lengths
    side: FilePadding = "right" if padded.any() else "none"
    if (leading >= padded).all() and (trailing < padded).any():
        side = "left"
    starts = padded if side == "left" else np.zeros_like(padded)
    return Padding(side, starts, lengths, np.zeros(0, dtype=np.int64))


def locate_by_zeros(values: AnyArray) -> Padding:
    """Where the real steps lie when only the zeros tell.

    Each sample loses the zero run of one end only. If nearly all samples with zeros (95%) have them at the same end,
    that is the file's side and zeros at the other end are real. A sample without any real step keeps one.
    """
    leading, trailing = zero_runs(values)
    steps = values.shape[1]
    partly = leading < steps
    at_left, at_right = partly & (leading > 0), partly & (trailing > 0)
    side = _name_side(at_left, at_right)
    if side == "mixed":
        num_left, num_right = np.count_nonzero(at_left), np.count_nonzero(at_right)
        if min(num_left, num_right) <= MINORITY * max(num_left, num_right):
            side = "left" if num_left > num_right else "right"
    is_left = leading > trailing if side == "mixed" else np.full(len(values), side == "left")
    padded = np.minimum(np.where(is_left, leading, trailing), steps - 1)
    return Padding(side, np.where(is_left, padded, 0), steps - padded, np.zeros(0, dtype=np.int64))


def _name_side(left: Flags, right: Flags) -> FilePadding:
    if left.any():
        return "mixed" if right.any() else "left"
    return "right" if right.any() else "none"


def move_to_right(values: AnyArray, padding: Padding) -> Sequences:
    """Sequences (n, T, D) with the real steps first and exact zeros after; what is not finite becomes 0."""
    moved = np.zeros(values.shape, dtype=np.float32)
    place_right(values, padding, moved)
    return Sequences(moved, padding.lengths)


def place_right(values: AnyArray, padding: Padding, target: FloatArray) -> None:
    """Write what :func:`move_to_right` gives, block by block.

    Args:
        values: (n, T, D) of any numbers.
        padding: where the real steps lie in them.
        target: (n, at least T, D) zeros, written in place.
    """
    offsets = np.arange(values.shape[1])
    for rows in row_blocks(values.shape):
        moved, starts = as_float32(values[rows]), padding.starts[rows]
        if starts.any():
            steps = np.minimum(offsets + starts[:, None], values.shape[1] - 1)
            moved = np.take_along_axis(moved, steps[:, :, None], axis=1)
        moved[offsets >= padding.lengths[rows][:, None]] = 0.0
        moved[~np.isfinite(moved)] = 0.0
        target[rows, : values.shape[1]] = moved
