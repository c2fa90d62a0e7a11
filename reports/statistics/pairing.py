"""What matching runs by seed achieved.

Runs of two arms under one seed share the order of the data and the initial values of common modules, so their scores
rise and fall together where these matter. The correlation is Pearson's within cells, pooled over cells (the means of
the cells are not of interest), its interval Fisher's z (Fisher 1921) with the degrees of freedom in place of ``n - 1``.
In words: with correlation r, the variance of a paired difference is ``1 - r`` times that of independent runs, if both
arms vary alike.

Legend: ``S`` seeds, ``C`` cells; NaN marks a run that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.distributions import normal_upper_quantile
from reports.statistics.estimate import CONFIDENCE
from reports.statistics.rerun import SeedBlock, rerun_sum

_ROUNDING = 1e-12
"""Scores that vary by less than this share of themselves are equal up to the rounding of their mean."""


@dataclass(frozen=True)
class Pairing:
    """The correlation of runs with equal seed and cell, and the standard errors of their mean difference.

    Attributes:
        correlation: pooled within cells.
        low, high: its 95% interval; None with fewer than four degrees of freedom.
        n: pairs.
        paired_error: standard error of the mean difference of the pairs.
        unpaired_error: the standard error that the same runs would have given had they shared no seeds.
    """

    correlation: float
    low: float | None
    high: float | None
    n: int
    paired_error: float
    unpaired_error: float

    @property
    def worth(self) -> float:
        """How many times as many independent runs would have been as precise."""
        return (self.unpaired_error / self.paired_error) ** 2


def measure_pairing(first: FloatArray, second: FloatArray) -> Pairing | None:
    """None where a cell has one pair only, or the runs of an arm do not vary. first, second: (S, C)."""
    paired = np.isfinite(first) & np.isfinite(second)
    one, two = np.where(paired, first, np.nan), np.where(paired, second, np.nan)
    counts = paired.sum(axis=0)
    df = int(counts.sum()) - int((counts > 0).sum())
    together = rerun_sum([SeedBlock(one - two)])
    apart = rerun_sum([SeedBlock(one), SeedBlock(-two)])
    if df < 1 or together is None or apart is None or not together.std_error or not apart.std_error:
        return None
    used = counts > 0
    x, y = (values[:, used] - np.nanmean(values[:, used], axis=0) for values in (one, two))
    spreads = [float(np.sqrt(np.nansum(values * values))) for values in (x, y)]
    if any(spread <= _ROUNDING * float(np.nanmax(np.abs(v))) for spread, v in zip(spreads, (one, two), strict=True)):
        return None
    correlation = float(np.clip(np.nansum(x * y) / (spreads[0] * spreads[1]), -1.0, 1.0))
    low, high = _fisher_interval(correlation, df)
    return Pairing(
        correlation=correlation,
        low=low,
        high=high,
        n=int(counts.sum()),
        paired_error=together.std_error,
        unpaired_error=apart.std_error,
    )


def _fisher_interval(correlation: float, df: int) -> tuple[float | None, float | None]:
    if df < 4 or abs(correlation) >= 1:
        return None, None
    half_width = float(normal_upper_quantile((1 - CONFIDENCE) / 2)) / np.sqrt(df - 2)
    centre = np.arctanh(correlation)
    return float(np.tanh(centre - half_width)), float(np.tanh(centre + half_width))
