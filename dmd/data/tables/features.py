"""One modality of one split: checked, and how it becomes finite, right-padded float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dmd.data.samples.arrays import AnyArray, FloatArray
from dmd.data.samples.row_blocks import row_blocks
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.lengths import FileLengths
from dmd.data.tables.padding import (
    Padding,
    as_float32,
    locate_by_lengths,
    locate_by_mask,
    locate_by_zeros,
    place_right,
)


@dataclass(frozen=True)
class Features:
    """One modality of one split as the file has it, and what will be done to it.

    Attributes:
        key: in the file, for messages.
        source: (n, T, D) of any numbers.
        padding: where the real steps lie in it.
        num_non_finite: values that will become 0.
        num_clamped: lengths that were 0 and were raised to 1.
    """

    key: str
    source: AnyArray
    padding: Padding
    num_non_finite: int
    num_clamped: int

    def place(self, target: FloatArray) -> None:
        """Write it into the zeros of ``target`` (n, at least T, D): right-padded, finite, float32."""
        place_right(self.source, self.padding, target)


def check_features(key: str, array: AnyArray, num_rows: int, takes_vectors: bool, problems: Problems) -> bool:
    """Whether an array holds numbers of the right shape, some of them finite.

    Args:
        key: in the file, for messages.
        array: as read.
        num_rows: n, items of the split.
        takes_vectors: (n, D) is wanted and not (n, T, D).
        problems: get what is wrong.
    """
    wanted = f"({num_rows}, {'D' if takes_vectors else 'T, D'})"
    if array.dtype.kind not in "biuf":
        problems.add(key, f"must hold numbers, but its dtype is {array.dtype}")
        return False
    if array.ndim != (2 if takes_vectors else 3):
        problems.add(key, f"has the wrong rank: shape {array.shape}, wanted {wanted}")
        return False
    if len(array) != num_rows:
        problems.add(key, f"rows do not match: {len(array)} rows, but this split has {num_rows} labels or ids")
        return False
    if 0 in array.shape:
        problems.add(key, f"is empty: shape {array.shape}, wanted {wanted} with at least one step and one feature")
        return False
    if not any(np.isfinite(array[rows]).any() for rows in row_blocks(array.shape)):
        problems.add(key, "holds no finite value at all (all NaN or infinite); extract this modality again")
        return False
    return True


def read_features(key: str, array: AnyArray, lengths: FileLengths | None, problems: Problems) -> Features | None:
    """Find the padding of checked features.

    Non-finite values (also those too large for float32) will become 0 and are counted.

    Args:
        key: in the file, for messages.
        array: (n, T, D).
        lengths: of the file; None: zeros tell where padding is.
        problems: get what is wrong.

    Returns:
        None if padded steps are not zero.
    """
    padding = _locate(array, lengths)
    if len(padding.unsound):
        problems.add(key, _describe_unsound(padding, array.shape[1]))
        return None
    num_clamped = lengths.num_clamped if lengths is not None else 0
    return Features(key, array, padding, _count_non_finite(array), num_clamped)


def _locate(values: AnyArray, lengths: FileLengths | None) -> Padding:
    if lengths is None:
        return locate_by_zeros(values)
    return locate_by_lengths(values, lengths.values) if lengths.are_own else locate_by_mask(values, lengths.values)


def _count_non_finite(array: AnyArray) -> int:
    return sum(int(np.count_nonzero(~np.isfinite(as_float32(array[rows])))) for rows in row_blocks(array.shape))


def _describe_unsound(padding: Padding, num_steps: int) -> str:
    row = int(padding.unsound[0])
    return (
        f"padded steps must be zero: row {row} has length {padding.lengths[row]} of {num_steps} steps, but neither its "
        f"first nor its last {num_steps - padding.lengths[row]} steps are all zero ({len(padding.unsound)} such rows); "
        "correct the lengths or set the padding to zero"
    )
