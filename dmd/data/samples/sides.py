"""The side of a padded sequence that its real steps stand at."""

from __future__ import annotations

from typing import Literal

import numpy as np

from dmd.data.samples.arrays import FloatArray, IntArray

Side = Literal["start", "end"]


def place_at(values: FloatArray, lengths: IntArray, side: Side, num_steps: int) -> FloatArray:
    """Right-padded sequences (n, T, D) with their real steps at ``side`` of (n, num_steps, D), zeros elsewhere.

    lengths: (n,) real steps, at most ``num_steps``, which is at most T.
    """
    if side == "start":
        return values[:, :num_steps]
    source = np.arange(num_steps) - (num_steps - lengths)[:, None]
    placed: FloatArray = np.take_along_axis(values, np.maximum(source, 0)[:, :, None], axis=1)
    placed[source < 0] = 0.0
    return placed
