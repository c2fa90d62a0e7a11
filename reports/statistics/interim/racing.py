"""The rule of a race: which contrasts are shown, which cannot become shown any more, which need further runs.

At every look, contrasts are shown by Holm's procedure on their sequential p-values, so the familywise error over all
contrasts and looks stays below the level. A contrast that is not shown is given up when its conditional power (Lan,
Simon and Halperin 1982, *Stochastically Curtailed Testing in Long-Term Clinical Trials*; Lan and Wittes 1988, *The
B-Value*) is small even if the true difference is the larger of the one seen and the smallest one that matters. Giving
up is not binding: the error bound never counts on it, so runs that come in all the same may still be used.

Legend: ``K`` contrasts; leading dimensions, such as simulated studies, pass through. NaN: not looked at, or no test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.statistics.arrays import BoolArray, FloatArray
from reports.statistics.distributions import normal_upper, normal_upper_quantile
from reports.statistics.interim.error_spending import boundary_p_values
from reports.statistics.interim.sequential import sequential_at

LEVEL = 0.05
LEAST_POWER = 0.2
"""A contrast is given up when the chance to show it by the last look has fallen below this."""


@dataclass(frozen=True)
class RaceRule:
    """looks: numbers of seeds, rising; the last is the most that are run. smallest_effect: the smallest difference
    that matters, above 0, in the unit of the differences."""

    looks: tuple[int, ...]
    smallest_effect: float

    @property
    def fractions(self) -> tuple[float, ...]:
        """The looks as fractions of the planned seeds."""
        return tuple(look / self.looks[-1] for look in self.looks)


@dataclass(frozen=True)
class RaceState:
    """What is known after some interim analyses.

    Attributes:
        p_values: (..., K) sequential p-values; 1 before the first analysis.
        is_shown: (..., K) whether the difference is shown.
        is_racing: (..., K) whether further runs are made for the contrast.
    """

    p_values: FloatArray
    is_shown: BoolArray
    is_racing: BoolArray

    @classmethod
    def at_start(cls, *shape: int) -> RaceState:
        """Nothing is known; everything races."""
        return cls(np.ones(shape), np.zeros(shape, dtype=bool), np.ones(shape, dtype=bool))


@dataclass(frozen=True)
class InterimLook:
    """The data of one interim analysis.

    Attributes:
        p_values: (..., K) two-sided; NaN where there is no test.
        differences: (..., K) in the unit of the metric.
        std_errors: (..., K) of the differences.
    """

    p_values: FloatArray
    differences: FloatArray
    std_errors: FloatArray


def interim_analysis(rule: RaceRule, state: RaceState, number: int, look: InterimLook) -> RaceState:
    """The state of the race after one interim analysis.

    What was shown stays shown, and what was stopped for futility does not race again. A contrast that could not be
    tested (NaN) keeps its state, until the last analysis ends the race.

    Args:
        rule: when to analyse, and which difference matters.
        state: the state before.
        number: of the analysis, from 0.
        look: what the analysis sees.
    """
    here = sequential_at(number, look.p_values, rule.fractions)
    p_values = np.fmin(state.p_values, here)
    is_shown = reject_by_holm(p_values, LEVEL)
    if number == len(rule.looks) - 1:
        return RaceState(p_values, is_shown, np.zeros_like(is_shown))
    num_open = np.maximum((~is_shown).sum(axis=-1, keepdims=True), 1)
    power = conditional_power(rule, number, look, LEVEL / num_open)
    is_futile = np.isfinite(power) & (power < LEAST_POWER)
    return RaceState(p_values, is_shown, state.is_racing & ~is_shown & ~is_futile)


def reject_by_holm(p_values: FloatArray, level: float) -> BoolArray:
    """(..., K) which hypotheses Holm's procedure rejects at the familywise ``level``."""
    num = p_values.shape[-1]
    order = np.argsort(p_values, axis=-1, kind="stable")
    steps = np.take_along_axis(p_values, order, axis=-1) <= level / (num - np.arange(num))
    passed = np.logical_and.accumulate(steps, axis=-1)
    rejected = np.zeros_like(passed)
    np.put_along_axis(rejected, order, passed, axis=-1)
    return rejected


def conditional_power(rule: RaceRule, number: int, look: InterimLook, levels: FloatArray) -> FloatArray:
    """The chance that the last interim analysis shows the difference, given what an earlier one sees.

    The truth is taken to be the larger of the difference seen and the smallest that matters, in the direction seen; the
    standard error is taken to shrink with the square root of the runs. Runs that do not vary at all have nothing more
    to tell.

    Args:
        rule: when to analyse, and which difference matters.
        number: of the earlier analysis, from 0.
        look: what it sees.
        levels: (..., K) the level of the last test; broadcast over the leading dimensions.

    Returns:
        (..., K) the chances; NaN where ``look`` saw nothing.
    """
    fraction = rule.fractions[number]
    deviate = normal_upper_quantile(look.p_values / 2)
    assumed = np.maximum(np.abs(look.differences), rule.smallest_effect)
    with np.errstate(divide="ignore", invalid="ignore"):
        drift = assumed / (look.std_errors * np.sqrt(fraction))
        expected = deviate * np.sqrt(fraction) + drift * (1 - fraction)
    needed = _needed_at_last(rule, np.broadcast_to(levels, look.p_values.shape))
    power = normal_upper((needed - expected) / np.sqrt(1 - fraction))
    return np.asarray(np.where(look.std_errors == 0, look.p_values == 0, power))


def _needed_at_last(rule: RaceRule, levels: FloatArray) -> FloatArray:
    """The deviate that the last look needs at each level; few distinct levels occur (one per number of contrasts)."""
    distinct, places = np.unique(levels, return_inverse=True)
    needed = normal_upper_quantile(boundary_p_values(rule.fractions, distinct)[:, -1] / 2)
    return np.asarray(needed[places].reshape(levels.shape))
