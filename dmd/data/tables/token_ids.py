"""Token ids out of a file: the tokens of each split, checked, and those of all splits in one array."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dmd.data.dataset.tokens import MASK_ROW, NUM_ROWS, NoTokens, Tokens
from dmd.data.samples.arrays import AnyArray
from dmd.data.tables.layout import FileLayout


def read_tokens(name: str, table: Mapping[str, AnyArray], layout: FileLayout, num_rows: int) -> Tokens | NoTokens:
    """The tokens of one split.

    Args:
        name: of the split.
        table: key -> array.
        layout: keys of the file.
        num_rows: n, items of the split.

    Returns:
        The tokens, or why there are none.
    """
    if layout.token_mask is None or layout.token_mask not in table:
        return NoTokens(f"{name}/{layout.token_mask or 'text_bert'} is missing")
    key, array = f"{name}/{layout.token_mask}", table[layout.token_mask]
    if array.dtype.kind not in "biuf" or array.ndim != NUM_ROWS or array.shape[:2] != (num_rows, NUM_ROWS):
        return NoTokens(f"{key} must be ({num_rows}, 3, T) numbers, but has shape {array.shape}, dtype {array.dtype}")
    if not (np.isfinite(array).all() and (array >= 0).all() and (array == np.floor(array)).all()):
        return NoTokens(f"{key} must hold whole numbers from 0 up")
    if array.max() >= 2**24:
        return NoTokens(f"{key} holds {array.max():g}, which is no token id")
    mask = array[:, MASK_ROW]
    steps = np.arange(array.shape[2])
    if not np.array_equal(mask, steps < mask.sum(axis=1)[:, None]):
        return NoTokens(f"{key}: the attention mask (row {MASK_ROW}) must be ones, then zeros")
    return Tokens(array.astype(np.int32))


def join_tokens(parts: list[Tokens | NoTokens]) -> Tokens | NoTokens:
    """The tokens of all splits in one array, padded to the longest; the first reason against where there is one."""
    found = [part for part in parts if isinstance(part, Tokens)]
    for part in parts:
        if isinstance(part, NoTokens):
            return part
    steps = max(part.num_steps for part in found)
    padded = [np.pad(part.values, ((0, 0), (0, 0), (0, steps - part.num_steps))) for part in found]
    return Tokens(np.concatenate(padded))
