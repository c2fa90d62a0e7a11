"""A test metric as a function of sums over items, so that a score without any one group costs one subtraction.

Not every score is a mean over items (F1, UAR and Pearson's r are none), but all that reports know are functions of
such sums: that is what the jackknife, pseudo-values and the grain of a score ask for.

Legend: ``n`` items, ``K`` names of the target, ``k`` additive statistics; sums are (..., k) and scores (...).
Predictions may have leading dimensions (runs), which pass through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.statistics.arrays import FloatArray


@dataclass(frozen=True)
class AdditiveScore:
    """A score that is a function of sums over items.

    Attributes:
        contributions: labels (n,) or (n, K), predictions (..., n) or (..., n, K) -> (..., n, k), what each item adds to
            the sums.
        from_sums: (..., k) -> (...) the score; NaN where undefined.
        num_counted: labels -> how many answers are counted as right or wrong: one that comes out otherwise changes the
            score by about one over that. None for a score that is no count.
    """

    contributions: Callable[[FloatArray, FloatArray], FloatArray]
    from_sums: Callable[[FloatArray], FloatArray]
    num_counted: Callable[[FloatArray], float] | None = None


def columns(*sides: npt.NDArray[np.generic]) -> FloatArray:
    """Arrays that broadcast, as the columns of a last dimension."""
    return np.stack(np.broadcast_arrays(*sides), axis=-1).astype(np.float64)


def ratio(sums: FloatArray) -> FloatArray:
    """First sum over second sum; NaN where that is none."""
    return np.asarray(sums[..., 0] / np.where(sums[..., 1] > 0, sums[..., 1], np.nan))
