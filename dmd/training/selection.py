"""The validation error that epochs are compared by: for the checkpoint, early stopping and the plateau schedule."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from dmd.random_streams import numpy_generator

Selection = Literal["items", "batches"]

METRIC: dict[Selection, str] = {"items": "valid/mae", "batches": "valid/batch_mae"}
"""The metric of an epoch that holds the error."""

_DECIMALS = 4


def batch_mae(
    predictions: npt.NDArray[np.float32], labels: npt.NDArray[np.float32], batch_size: int, seed: int, epoch: int
) -> float:
    """The mean over shuffled mini-batches of their mean absolute errors, to 4 decimals, as in the published code.

    An item of the last, smaller batch weighs more than the others; which items these are depends on (seed, epoch).

    Args:
        predictions: (n,).
        labels: (n,).
        batch_size: items per mini-batch.
        seed: of the trial.
        epoch: from 1.
    """
    order = numpy_generator(seed, "selection", epoch).permutation(len(labels))
    errors = np.abs(predictions.astype(np.float64) - labels)[order]
    means = [errors[start : start + batch_size].mean() for start in range(0, len(errors), batch_size)]
    return round(float(np.mean(means)), _DECIMALS)
