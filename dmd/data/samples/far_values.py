"""Single values so far from all others that a mean and a standard deviation with them would tell of nothing else.

One finite 3e38 among thousands makes the standard deviation of its column 1e36: everything else, standardised, is the
same number, and the column is silent. Such values are left out of the moments; standardised, they are clipped like
everything far out. Whether a value is one is asked of what the column is without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.float64]

MIN_STD = 1e-4
"""A feature that varies less than this is constant: it is centred and left unscaled."""

DOMINANCE = 5.0
"""A value is far if it alone makes the standard deviation more than so many times that of the values nearer by. The
farthest value of a real column (MOSI's audio) reaches 0.6."""

SPARSE_DOMINANCE = 1000.0
"""The same for a column that is one value in more than half of its steps: there the others are its content, of any
sizes. MOSI's sparse vision columns reach 34."""

MOST_FAR = 0.05
"""Share of a column beyond which values are no exceptions but a part of it."""

PEAKED = 40.0
"""Kurtosis from which far values are looked for: k equal ones among n that are far have about n / k."""


@dataclass(frozen=True)
class ColumnMoments:
    """Moments of one column without its far values.

    Attributes:
        mean: of the values that are not far.
        std: population standard deviation of these.
        num_far: how many values are far.
    """

    mean: float
    std: float
    num_far: int


def may_hold_far_values(squares: Moments, fourths: Moments, num_steps: int) -> npt.NDArray[np.bool_]:
    """Which columns can have far values: a necessary condition that costs no sorting.

    In few steps no kurtosis can be large.

    Args:
        squares: (D,) mean squared deviation of each column.
        fourths: (D,) mean fourth power of the deviation.
        num_steps: values per column.

    Returns:
        (D,) bool.
    """
    with np.errstate(over="ignore"):
        least = min(PEAKED, num_steps / 4) * squares * squares
    may: npt.NDArray[np.bool_] = (squares > MIN_STD**2) & (fourths >= least)
    return may


def moments_without_far(column: npt.NDArray[np.floating]) -> ColumnMoments:
    """The moments of the values (n,) that are not far from the others.

    Values are taken away from the farthest inwards (from the median), up to the last one that dominates what is nearer.
    Where what is left does not vary, nothing is taken: the exceptions are all that the column tells.
    """
    values: Moments = column.astype(np.float64)
    n = len(values)
    deviations = values - np.median(values)
    order = np.argsort(np.abs(deviations), kind="stable")
    inwards = deviations[order]
    counts = np.arange(1, n + 1)
    means = np.cumsum(inwards) / counts
    variances = np.maximum(np.cumsum(inwards**2) / counts - means**2, 0.0)
    dominance = DOMINANCE if inwards[n // 2] != 0.0 else SPARSE_DOMINANCE
    # Each value against those nearer than itself.
    is_far = np.abs(inwards[1:]) > dominance * np.sqrt(counts[1:] * variances[:-1])
    is_far &= (variances[:-1] >= MIN_STD**2) & (counts[1:] > n - max(1, int(MOST_FAR * n)))
    num_far = n - 1 - int(np.flatnonzero(is_far)[0]) if is_far.any() else 0
    kept = values[np.sort(order[: n - num_far])]
    return ColumnMoments(float(kept.mean()), float(kept.std()), num_far)
