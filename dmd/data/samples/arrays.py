"""Arrays of right-padded sequences: their types, the side of their real steps, and their standardised values."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

Side = Literal["start", "end"]
"""Where the real steps of a padded sequence stand."""

CLIP = 5.0
"""Standardised values are clipped here, in standard deviations: audio descriptors have far outliers."""


def real_steps(lengths: IntArray, num_steps: int) -> BoolArray:
    """(n, T) bool, T = ``num_steps``: True at the first ``lengths`` (n,) steps of each sequence."""
    mask: BoolArray = np.arange(num_steps) < lengths[:, None]
    return mask


def place_at(values: FloatArray, lengths: IntArray, side: Side, num_steps: int) -> FloatArray:
    """Lay right-padded sequences out with their real steps at ``side``, zeros elsewhere.

    Args:
        values: (n, T, D), the real steps first.
        lengths: (n,) real steps, each at most ``num_steps``.
        side: where the real steps are to stand.
        num_steps: steps of the result.

    Returns:
        (n, num_steps, D).
    """
    if side == "start":
        missing = num_steps - values.shape[1]
        return np.pad(values, ((0, 0), (0, missing), (0, 0))) if missing > 0 else values[:, :num_steps]
    source = np.arange(num_steps) - (num_steps - lengths)[:, None]
    placed: FloatArray = np.take_along_axis(values, np.maximum(source, 0)[:, :, None], axis=1)
    placed[source < 0] = 0.0
    return placed


def standardise(values: FloatArray, lengths: IntArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    """Centre, scale and clip the real steps; padded steps stay exactly zero.

    Args:
        values: (n, T, D), the real steps first.
        lengths: (n,) real steps.
        mean: (D,) of the training part.
        std: (D,) of the training part, none of them 0.

    Returns:
        (n, T, D), each value within :data:`CLIP` of 0.
    """
    # Beyond float32 is beyond the clip.
    with np.errstate(over="ignore"):
        scaled = values - mean
        np.divide(scaled, std, out=scaled)
    np.clip(scaled, -CLIP, CLIP, out=scaled)
    scaled[~real_steps(lengths, values.shape[1])] = 0.0
    return scaled
