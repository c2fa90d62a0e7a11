"""Which modalities a model is shown: the others are blanked before anything reads them.

A setting of every method, because it acts on the data and not on the model: the model keeps its shape.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

import numpy as np

from dmd.data.samples.samples import Inputs, Sequences
from dmd.modalities import Modality

VisibleModalities = Literal[
    "language+audio+vision", "language+audio", "language+vision", "audio+vision", "language", "audio", "vision"
]
ALL_VISIBLE: VisibleModalities = "language+audio+vision"


def seen_modalities(visible: VisibleModalities) -> tuple[Modality, ...]:
    """The modalities that ``visible`` names, in order."""
    return cast(tuple[Modality, ...], tuple(visible.split("+")))


def blank_hidden(inputs: Inputs, visible: VisibleModalities) -> Inputs:
    """``inputs`` with every modality that is not visible as one real step of zeros; shapes stay as they are."""
    seen = seen_modalities(visible)
    shown = {m: part if m in seen else _blank(part) for m, part in inputs.sequences.items()}
    return replace(inputs, sequences=shown)


def _blank(part: Sequences) -> Sequences:
    return replace(part, values=np.zeros(part.values.shape, np.float32), lengths=np.ones_like(part.lengths))


def absent_modality(num_rows: int) -> Sequences:
    """A modality that a data set does not have: one step of one zero in every row, blank for every model."""
    return Sequences(np.zeros((num_rows, 1, 1), np.float32), np.ones(num_rows, np.int64))
