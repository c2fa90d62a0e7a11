"""Token ids of the text, which a file may hold beside its text features (MMSA's ``text_bert``)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dmd.data.samples.samples import Sequences

MASK_ROW = 1
"""Row of the attention mask in MMSA's ``text_bert``: token ids, attention mask, segment ids."""


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
