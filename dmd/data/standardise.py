"""Standardisation that has seen nothing but the training part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dmd.data.samples import FloatArray, Inputs, Sequences
from dmd.modalities import MODALITIES, Modality

MIN_STD = 1e-4
"""A feature that varies less than this is constant: it is centred and left unscaled."""

CLIP = 5.0
"""Standardised values are clipped here: audio descriptors have far outliers."""


@dataclass(frozen=True)
class Standardiser:
    """mean, std: modality -> (D_m,) over the real steps of a training part; one without them is left as it is."""

    mean: Mapping[Modality, FloatArray]
    std: Mapping[Modality, FloatArray]

    def apply(self, inputs: Inputs) -> Inputs:
        """Centre, scale and clip the real steps; padded steps stay exactly zero."""
        return Inputs(inputs.ids, inputs.groups, {m: self._apply_one(m, part) for m, part in inputs.sequences.items()})

    def _apply_one(self, modality: Modality, part: Sequences) -> Sequences:
        if modality not in self.mean:
            return part
        scaled = np.clip((part.values - self.mean[modality]) / self.std[modality], -CLIP, CLIP)
        scaled[~real_steps(part)] = 0.0
        return Sequences(scaled.astype(np.float32, copy=False), part.lengths)


def fit_standardiser(train: Inputs, modalities: Iterable[Modality] = MODALITIES) -> Standardiser:
    """Mean and (population) standard deviation of every feature over the real steps of ``train``, in float64."""
    mean: dict[Modality, FloatArray] = {}
    std: dict[Modality, FloatArray] = {}
    for modality in modalities:
        part = train.sequences[modality]
        steps = part.values[real_steps(part)].astype(np.float64)
        spread = steps.std(axis=0)
        mean[modality] = steps.mean(axis=0).astype(np.float32)
        std[modality] = np.where(spread < MIN_STD, 1.0, spread).astype(np.float32)
    return Standardiser(mean, std)


def real_steps(part: Sequences) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(n, T_m) bool: True where a step is real."""
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.arange(part.values.shape[1]) < part.lengths[:, None]
    return mask
