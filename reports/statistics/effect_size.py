"""How large a difference is, in units that do not depend on the metric.

Legend: ``S`` seeds, ``C`` cells; NaN marks a run that is not there. Positive, or above one half, always favours the
first arm, whatever the direction of the metric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.distributions import beta_quantile
from reports.statistics.estimate import CONFIDENCE, Estimate
from reports.statistics.rerun import noise_unit


@dataclass(frozen=True)
class EffectSize:
    """A difference divided by the standard deviation of single runs.

    Attributes:
        value: the difference in run standard deviations.
        low, high: the rerun interval in the same unit, taking the deviation as known; None where undefined.
        run_deviation: standard deviation of single runs, in the unit of the score.
    """

    value: float
    low: float | None
    high: float | None
    run_deviation: float


@dataclass(frozen=True)
class ImprovementProbability:
    """The chance that a run of the first arm beats the run of the second with the same seed on the same cell.

    Attributes:
        value: the chance, 0 to 1.
        low, high: its 95% interval.
        n: pairs of runs.
    """

    value: float
    low: float
    high: float
    n: int


def in_run_deviations(
    difference: Estimate, first: FloatArray, second: FloatArray, higher_is_better: bool
) -> EffectSize | None:
    """The difference in run standard deviations (Cohen's d with the deviation within cells of the arms that vary).

    In words: 1 means that the arms lie one typical seed-to-seed deviation apart.

    Args:
        difference: ``first`` minus ``second``, for the rerun question.
        first, second: (S, C) scores of the two arms; NaN: no run.
        higher_is_better: the direction of the metric.

    Returns:
        The effect size; None for runs that do not vary, which have no such unit.
    """
    deviation = noise_unit(first, second)
    if deviation is None:
        return None
    unit = deviation if higher_is_better else -deviation
    ends = sorted(end / unit for end in (difference.low, difference.high) if end is not None)
    low, high = (ends[0], ends[1]) if len(ends) == 2 else (None, None)
    return EffectSize(difference.value / unit, low, high, deviation)


def improvement_probability(differences: FloatArray, higher_is_better: bool) -> ImprovementProbability | None:
    """The share of pairs in which the first arm is better; ties count half. differences: (S, C), first minus second.

    The idea is Agarwal et al. 2021 (*Deep Reinforcement Learning at the Edge of the Statistical Precipice*), here on
    matched pairs; the interval is Clopper and Pearson 1934, exact for equal chances and conservative for their mean
    over unequal cells (Hoeffding 1956). It answers the rerun question. None without pairs.
    """
    present = differences[np.isfinite(differences)]
    if present.size == 0:
        return None
    oriented = present if higher_is_better else -present
    n = present.size
    wins = float((oriented > 0).sum()) + 0.5 * float((oriented == 0).sum())
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if wins == 0 else float(beta_quantile(tail, wins, n - wins + 1))
    high = 1.0 if wins == n else float(beta_quantile(1 - tail, wins + 1, n - wins))
    return ImprovementProbability(wins / n, low, high, n)
