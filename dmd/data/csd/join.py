"""Which steps of a video belong to an interval, and what they are on average.

Legend: ``n`` steps of a video, ``D`` features, ``k`` intervals of a clock. Intervals are (start, end) in seconds.
"""

from __future__ import annotations

import numpy as np

from dmd.data.samples.arrays import AnyArray, BoolArray, FloatArray


def steps_within(intervals: AnyArray, start: float, end: float) -> BoolArray:
    """(n,) whether a step shares time with an interval; one without duration does if it begins there.

    Args:
        intervals: (n, 2).
        start, end: of the interval.
    """
    begins, ends = intervals[:, 0], intervals[:, 1]
    within: BoolArray = (begins < end) & ((ends > start) | ((begins == ends) & (begins >= start)))
    return within


def mean_of(features: AnyArray) -> FloatArray:
    """(D,) mean of the finite values of each column of (n, D); 0 where a column has none (COVAREP holds -inf)."""
    finite = np.isfinite(features)
    sums = np.where(finite, features, 0.0).sum(axis=0, dtype=np.float64)
    means: FloatArray = (sums / np.maximum(finite.sum(axis=0), 1)).astype(np.float32)
    return means


def average_over(features: AnyArray, intervals: AnyArray, clock: AnyArray) -> tuple[FloatArray, int]:
    """The mean of the steps within each interval of a clock.

    Args:
        features: (n, D).
        intervals: (n, 2) of the steps.
        clock: (k, 2).

    Returns:
        (k, D), zeros where no step shares time with the interval, and how many such intervals there are.
    """
    averaged = np.zeros((len(clock), features.shape[1]), dtype=np.float32)
    num_empty = 0
    for place, (start, end) in enumerate(clock):
        within = steps_within(intervals, start, end)
        if within.any():
            averaged[place] = mean_of(features[within])
        else:
            num_empty += 1
    return averaged, num_empty
