"""Claims from data that were looked at before they were complete: p-values and intervals that allow for the looks.

A *sequential p-value* is the smallest level at which the test would have shown a difference by now (Liu and Anderson
2008, *On Adaptive Extensions of Group Sequential Trials*, JASA 103). Holm's correction of sequential p-values is the
group-sequential Holm procedure, in which what a shown contrast leaves over goes to the others (Maurer and Bretz 2013,
*Multiple Testing in Group Sequential Trials Using Graphical Approaches*, Statistics in Biopharmaceutical Research 5).
A *repeated interval* (Jennison and Turnbull 1989, *Interim Analyses: The Repeated Confidence Interval Approach*, JRSS B
51) is as wide as the test at its look is strict, and covers whatever the reason was for stopping there.

Legend: ``L`` looks; leading dimensions, such as simulated studies and contrasts, pass through.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.distributions import normal_upper, normal_upper_quantile, t_quantile, t_upper_quantile
from reports.statistics.estimate import CONFIDENCE, Estimate
from reports.statistics.interim.error_spending import boundary_p_values, nominal_levels

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

_DEVIATES = np.linspace(0.02, 8.0, 121)
"""Levels that the boundaries are tabulated at, as two-sided normal deviates: from 0.98 down to 1e-15."""


def sequential_p_value(p_values: Sequence[float], fractions: Sequence[float]) -> float:
    """The sequential p-value after looks at ``fractions`` of the planned runs that gave ``p_values``.

    A look that could not be tested has NaN; the p-value is 1 while none could.
    """
    looked = (float(sequential_at(look, np.array(p), fractions)) for look, p in enumerate(p_values))
    return min((value for value in looked if not np.isnan(value)), default=1.0)


def sequential_at(look: int, p_values: FloatArray, fractions: Sequence[float]) -> FloatArray:
    """The smallest levels at which one interim analysis alone shows a difference.

    The smallest over all analyses so far is the sequential p-value.

    Args:
        look: number of the analysis, from 0.
        p_values: (...) what it found; NaN where it could not test.
        fractions: of the planned runs, at every analysis; those after ``look`` do not matter.

    Returns:
        (...) the levels; NaN stays NaN.
    """
    # What a look needs does not depend on the looks after it.
    to_level = _level_of_deviate(tuple(fractions[: look + 1]))
    deviates = normal_upper_quantile(p_values / 2)
    found = 2 * normal_upper(to_level(np.where(np.isinf(deviates), 0.0, deviates)))
    return np.asarray(np.where(p_values == 0, 0.0, np.where(np.isnan(p_values), np.nan, found)))


@functools.lru_cache(maxsize=256)
def _level_of_deviate(fractions: tuple[float, ...]) -> PchipInterpolator:
    """Deviate of the p-value at the last look -> deviate of the level that it shows a difference at; nearly a line."""
    # Imported where a race is read: it takes longer than most reports.
    from scipy.interpolate import PchipInterpolator

    at_look = boundary_p_values(fractions, 2 * normal_upper(_DEVIATES))[:, -1]
    needed = normal_upper_quantile(at_look / 2)
    return PchipInterpolator(np.concatenate([[0.0], needed]), np.concatenate([[0.0], _DEVIATES]), extrapolate=True)


def allow_for_looks(estimate: Estimate, p_values: Sequence[float], fractions: Sequence[float]) -> Estimate:
    """The estimate of the last interim analysis with its repeated interval and its sequential p-value.

    Args:
        estimate: as if it were the only analysis; without an interval it stays as it is.
        p_values: of every analysis, the last one included.
        fractions: of the planned runs, at every analysis.
    """
    if estimate.df is None or estimate.half_width is None:
        return estimate
    level = _interval_level(tuple(fractions))
    widening = float(t_upper_quantile(level / 2, estimate.df) / t_quantile((1 + CONFIDENCE) / 2, estimate.df))
    half_width = estimate.half_width * widening
    return replace(
        estimate,
        low=estimate.value - half_width,
        high=estimate.value + half_width,
        p_value=sequential_p_value(p_values, fractions),
    )


@functools.lru_cache(maxsize=256)
def _interval_level(fractions: tuple[float, ...]) -> float:
    """How strict a 95% interval is at the last of these looks."""
    return float(nominal_levels(fractions, 1 - CONFIDENCE)[-1])
