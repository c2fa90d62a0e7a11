"""Standardised values of one modality."""

from __future__ import annotations

import numpy as np

from dmd.data.arrays import FloatArray, IntArray

CLIP = 5.0
"""Standardised values are clipped here: audio descriptors have far outliers."""


def standardise(values: FloatArray, lengths: IntArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    """values (n, T, D), the real steps first: centred, scaled and clipped; padded steps stay exactly zero."""
    scaled = np.clip((values - mean) / std, -CLIP, CLIP)
    scaled[~real_steps(lengths, values.shape[1])] = 0.0
    standardised: FloatArray = scaled.astype(np.float32, copy=False)
    return standardised


def real_steps(lengths: IntArray, num_steps: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(n, T) bool: True where a step is real."""
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.arange(num_steps) < lengths[:, None]
    return mask
