"""Between labels of a file and what a model is trained on, and between what it gives and the predictions that are kept.

Numbers are trained in one unit, whatever unit a data set's labels come in: heads start at 0, learning rates suit labels
of MOSI's size, and the margin's classes are labels rounded: all of that means the same on another scale if a model sees
the neutral point as 0 and the farther end of the scale as 3. MOSI's own labels pass unchanged. Classes and answers are
trained as they are; the logits that a model gives for them become probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dmd.data.samples.target import Target

FARTHER_END = 3.0
Squash = Literal["none", "softmax", "sigmoid"]
_SQUASH: dict[str, Squash] = {"classes": "softmax", "binaries": "sigmoid"}


@dataclass(frozen=True)
class LabelUnit:
    """label = neutral + size * what a model sees of it.

    Attributes:
        neutral, size: of the unit.
        squash: what makes probabilities of logits; ``none`` for numbers.
        columns: the shape of one item's prediction, () or (K,).
    """

    neutral: float = 0.0
    size: float = 1.0
    squash: Squash = "none"
    columns: tuple[int, ...] = ()

    def encode(self, labels: Tensor) -> Tensor:
        """Labels (n, ...) in the unit of the file -> in the unit of training."""
        return (labels - self.neutral) / self.size

    def read(self, outputs: Tensor) -> Tensor:
        """What a model gives, (n, ...), as numbers or probabilities; still in the unit of training."""
        if self.squash == "softmax":
            return outputs.softmax(-1)
        return outputs.sigmoid() if self.squash == "sigmoid" else outputs

    def decode(self, predictions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Predictions that were read, (n, ...) -> in the unit of the file."""
        decoded: npt.NDArray[np.float32] = (predictions * np.float64(self.size) + self.neutral).astype(np.float32)
        return decoded


def label_unit(target: Target) -> LabelUnit:
    """The unit that predictions of a target are trained in."""
    if not target.is_numeric:
        return LabelUnit(squash=_SQUASH[target.kind], columns=target.prediction_columns)
    scale = target.scale
    farther = max(scale.high - scale.neutral, scale.neutral - scale.low)
    return LabelUnit(scale.neutral, farther / FARTHER_END, columns=target.prediction_columns)
