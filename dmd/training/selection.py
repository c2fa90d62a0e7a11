"""The validation error that epochs are compared by: for the checkpoint, early stopping and the plateau schedule."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from dmd.random_streams import numpy_generator

Selection = Literal["items", "batches", "answers"]

_DECIMALS = 4


def error_metric(selection: Selection, error: str) -> str:
    """The metric of an epoch that holds the error. error: ``mae`` or ``nll`` (:attr:`dmd.scoring.Scoring.error`)."""
    if selection == "answers":
        return "valid/error_rate"
    return f"valid/{error}" if selection == "items" else f"valid/batch_{error}"


def batch_error(errors: npt.NDArray[np.float64], batch_size: int, seed: int, epoch: int) -> float:
    """The mean over shuffled mini-batches of their mean errors, to 4 decimals, as in the published code.

    An item of the last, smaller batch weighs more than the others; which items these are depends on (seed, epoch).

    Args:
        errors: (n,) of the items.
        batch_size: items per mini-batch.
        seed: of the trial.
        epoch: from 1.
    """
    errors = errors[numpy_generator(seed, "selection", epoch).permutation(len(errors))]
    means = [errors[start : start + batch_size].mean() for start in range(0, len(errors), batch_size)]
    return round(float(np.mean(means)), _DECIMALS)
