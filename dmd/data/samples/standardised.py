"""Standardised values of one modality."""

from __future__ import annotations

import numpy as np

from dmd.data.samples.arrays import FloatArray, IntArray

CLIP = 5.0
"""Standardised values are clipped here: audio descriptors have far outliers."""


def standardise(values: FloatArray, lengths: IntArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    """values (n, T, D), the real steps first: centred, scaled and clipped; padded steps stay exactly zero."""
    # Beyond float32 is beyond the clip.
    with np.errstate(over="ignore"):
        scaled = values - mean
        np.divide(scaled, std, out=scaled)
    np.clip(scaled, -CLIP, CLIP, out=scaled)
    scaled[~real_steps(lengths, values.shape[1])] = 0.0
    return scaled


def real_steps(lengths: IntArray, num_steps: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(n, T) bool: True where a step is real."""
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.arange(num_steps) < lengths[:, None]
    return mask
