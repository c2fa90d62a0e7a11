"""Token ids of the text, which a file may hold beside its text features (MMSA's ``text_bert``)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.layout import Layout
from dmd.data.lengths import MASK_ROW, AnyArray
from dmd.data.samples import Sequences

NUM_ROWS = 3
"""Token ids, attention mask, segment ids."""


@dataclass(frozen=True)
class Tokens:
    """values: (n, 3, T) int32: ids, attention mask, segment ids; real tokens first, at least one in every row."""

    values: npt.NDArray[np.int32]

    @property
    def num_steps(self) -> int:
        """T."""
        return int(self.values.shape[2])

    @property
    def largest_id(self) -> int:
        return int(self.values[:, 0].max())

    @property
    def largest_segment(self) -> int:
        return int(self.values[:, 2].max())

    @property
    def digest(self) -> str:
        """Equal for equal tokens, as text."""
        return hashlib.sha256(np.ascontiguousarray(self.values, dtype="<i4").data).hexdigest()[:16]

    def as_sequences(self) -> Sequences:
        """The language modality as tokens: (n, T, 3) float32, which holds every id below 2^24 exactly."""
        lengths = np.maximum(self.values[:, MASK_ROW].sum(axis=1), 1).astype(np.int64)
        return Sequences(np.ascontiguousarray(self.values.transpose(0, 2, 1), dtype=np.float32), lengths)


@dataclass(frozen=True)
class NoTokens:
    """A file without usable token ids, and why; it matters only to who asks for them."""

    reason: str


NO_LANGUAGE = NoTokens("the data have no language")


def read_tokens(name: str, table: Mapping[str, AnyArray], layout: Layout, num_rows: int) -> Tokens | NoTokens:
    """The tokens of one split."""
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
