"""The number of real steps of each sample, where a file tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dmd.data.dataset.tokens import MASK_ROW
from dmd.data.samples.arrays import AnyArray, IntArray
from dmd.data.tables.file_problems import Problems
from dmd.data.tables.layout import FileLayout
from dmd.modalities import Modality


@dataclass(frozen=True)
class FileLengths:
    """Lengths as the file gives them.

    Attributes:
        values: (n,) integers in 1..T.
        are_own: True if declared for this modality; then its padded steps must be zero. False if they are another's
            (the token mask of the text): steps beyond them are set to zero, as MMSA treats them.
        num_clamped: how many were 0 and were raised to 1.
    """

    values: IntArray
    are_own: bool
    num_clamped: int = 0


def check_lengths(
    key: str, array: AnyArray, num_rows: int, num_steps: int, are_own: bool, problems: Problems
) -> FileLengths | None:
    """Check lengths, and raise those of 0 to 1.

    MMSA does not promise lengths of at least 1, so a 0 is raised and counted. A negative length means nothing.

    Args:
        key: in the file, for messages.
        array: as read; (num_rows,) of whole numbers in 0..num_steps is right.
        num_rows: n.
        num_steps: T.
        are_own: whether they are declared for this modality.
        problems: get what is wrong.

    Returns:
        None if a rule is broken.
    """
    if array.shape != (num_rows,) or array.dtype.kind not in "biuf":
        problems.add(key, f"must be {num_rows} integers, one per row, but has shape {array.shape}, dtype {array.dtype}")
        return None
    fits = (array >= 0) & (array <= num_steps) & (array == np.floor(array))
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        problems.add(
            key,
            f"lengths are out of range: row {row} is {array[row]}, must be an integer in 0..{num_steps} "
            f"({np.count_nonzero(~fits)} such rows)",
        )
        return None
    lengths = array.astype(np.int64)
    return FileLengths(np.maximum(lengths, 1), are_own, int(np.count_nonzero(lengths < 1)))


def find_lengths(
    name: str,
    modality: Modality,
    table: Mapping[str, AnyArray],
    layout: FileLayout,
    values: AnyArray,
    problems: Problems,
) -> tuple[bool, FileLengths | None]:
    """Lengths of one modality: its own, the shared ones, or those of the tokens it is aligned with.

    Args:
        name: of the split.
        modality: whose lengths.
        table: key -> array of the split.
        layout: keys of the file.
        values: (n, T, D) features of the modality.
        problems: get what is wrong.

    Returns:
        (True, lengths); (True, None) if the file has none; (False, None) if those that it has break a rule.
    """
    num_rows, num_steps, _ = values.shape
    for key in (layout.lengths_of(modality), layout.shared_lengths):
        if key is not None and key in table:
            found = check_lengths(f"{name}/{key}", table[key], num_rows, num_steps, True, problems)
            return found is not None, found
    tokens = table.get(layout.token_mask or "")
    if tokens is not None and tokens.ndim == 3 and tokens.shape[1] > MASK_ROW and tokens.shape[2] == num_steps:
        key = f"{name}/{layout.token_mask}"
        found = check_lengths(key, tokens[:, MASK_ROW].sum(axis=1), num_rows, num_steps, False, problems)
        return found is not None, found
    return True, None
