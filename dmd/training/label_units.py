"""The unit that labels are trained in: the same for every data set, whatever unit its labels come in.

Heads start at 0, learning rates suit labels of MOSI's size, and the margin's classes are labels rounded: all of that
means the same on another scale if a model sees the neutral point as 0 and the farther end of the scale as 3. MOSI's
own labels pass unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dmd.data.samples.samples import LabelScale

FARTHER_END = 3.0


@dataclass(frozen=True)
class LabelUnit:
    """label = neutral + size * what a model sees of it."""

    neutral: float = 0.0
    size: float = 1.0

    def encode(self, labels: Tensor) -> Tensor:
        """Labels (n,) in the unit of the file -> in the unit of training."""
        return (labels - self.neutral) / self.size

    def decode(self, predictions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Predictions (n,) of a model -> in the unit of the file."""
        decoded: npt.NDArray[np.float32] = (predictions * np.float64(self.size) + self.neutral).astype(np.float32)
        return decoded


def label_unit(scale: LabelScale) -> LabelUnit:
    """The unit of labels on ``scale``."""
    farther = max(scale.high - scale.neutral, scale.neutral - scale.low)
    return LabelUnit(scale.neutral, farther / FARTHER_END)
