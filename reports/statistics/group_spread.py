"""The *new data* question over folds, from the groups (videos) that were tested: would the number hold for new
ones, with new training data as well?

Every group is tested once per repeat. Its **pseudo-value** in a fold (Efron and Tibshirani 1993, chapter 11) is what it
contributes to the score of that fold; averaged over seeds and repeats, the spread between groups estimates what the
mean owes to the draw of test videos. Two parts make up the variance:

* the spread between groups, less what seeds alone put into it, times :data:`TRAINING_ALLOWANCE`;
* the variance of the mean under new seeds, as the rerun question has it.

**The allowance.** A video also serves in training, and the spread between tested groups sees that only in part: folds
share training videos, and no unbiased estimate of the whole exists (Bengio and Grandvalet 2004). To first order a
training video ``u`` changes the error on a tested video ``v`` through a term that is the same with the roles of ``u``
and ``v`` exchanged (for least squares: product of residuals times inner product of inputs). Each pair thus enters the
mean twice, as a degenerate U-statistic, and the spread between groups sees half of its variance: the true variance lies
between 1 (the choice of training videos does not matter) and 2 times that spread (nothing else does). Between them, 1.6
is where intervals cover 95% on average over simulated studies of several shapes. Plain intervals from such spreads are
known to be too short (Bates, Hastie and Tibshirani 2023, *Cross-Validation: What Does It Estimate and How Well Does It
Do It?*, JASA), those of Nadeau and Bengio 2003 cover but are wide.
``python -m benchmarks.calibration`` checks the coverage on studies with overlapping training sets and clusters;
``docs/decisions/0022`` has what else was tried.

Legend: ``S`` seeds, ``C`` cells, ``G`` groups; NaN marks a run that is not there or a group that a cell does not test.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate, t_estimate, undefined

METHOD = "spread between groups over folds"

TRAINING_ALLOWANCE = 1.6
"""Variance of the mean over new data sets, in units of what the spread between tested groups shows of it."""


def pseudo_values(score: FloatArray, deleted: FloatArray) -> FloatArray:
    """(..., G): what each group contributes. score: (...) of all groups; deleted: (..., G) without each one.

    Their mean is the score (for a mean over items of groups of equal size each is the group's own mean). With a single
    group the score is that group's.
    """
    num_groups = deleted.shape[-1]
    whole = score[..., None]
    return whole if num_groups == 1 else num_groups * whole - (num_groups - 1) * deleted


def group_estimate(value: float, blocks: Sequence[FloatArray], rerun: Estimate) -> Estimate:
    """The interval of ``value`` from the pseudo-values of its runs.

    Only cells with runs of every block enter.

    Args:
        value: the sum of the blocks' means over seeds and cells.
        blocks: (S, C, G) each, weighted sums of arms that share seeds.
        rerun: the estimate of the rerun question for the same sum.
    """
    has_runs = np.logical_and.reduce([np.isfinite(block).any(axis=(0, 2)) for block in blocks])
    blocks = [block[:, has_runs] for block in blocks]
    tested = np.logical_and.reduce([np.isfinite(block).any(axis=0) for block in blocks])  # (C, G)
    num_groups = int(tested.any(axis=0).sum())
    if num_groups < 2:
        return undefined(value, num_groups, "new data", "one tested group: spread between groups unknown")
    if rerun.std_error is None or rerun.df is None:
        return undefined(value, num_groups, "new data", rerun.note)
    # Each cell weighs the same in the mean, and each of its groups the same in the cell.
    weights = tested / tested.sum(axis=1, keepdims=True) / tested.shape[0]
    means = np.sum([_seed_means(block) for block in blocks], axis=0)
    centre = float(np.nansum(weights * means))
    shares = np.nansum(weights * np.where(tested, means - centre, 0.0), axis=0)
    spread = float((shares**2).sum()) * num_groups / (num_groups - 1)
    of_seeds = float(np.sum([np.nansum(weights**2 * _seed_variances(block)) for block in blocks]))
    of_data = TRAINING_ALLOWANCE * max(spread - of_seeds, 0.0)
    variance = of_data + rerun.std_error**2
    df = _satterthwaite(variance, (TRAINING_ALLOWANCE * spread, num_groups - 1.0), (rerun.std_error**2, rerun.df))
    return t_estimate(
        value=value, std_error=float(np.sqrt(variance)), df=df, n=num_groups, question="new data", method=METHOD
    )


def _seed_means(block: FloatArray) -> FloatArray:
    """(C, G) means over seeds; NaN where there is no run."""
    counts = np.isfinite(block).sum(axis=0)
    return np.asarray(np.nansum(block, axis=0) / np.where(counts > 0, counts, np.nan))


def _seed_variances(block: FloatArray) -> FloatArray:
    """(C, G) variances of the means over seeds; NaN where fewer than two runs show it."""
    counts = np.isfinite(block).sum(axis=0)
    squares = np.nansum((block - _seed_means(block)) ** 2, axis=0)
    return np.asarray(squares / np.where(counts > 1, counts * (counts - 1), np.nan))


def _satterthwaite(variance: float, *parts: tuple[float, float]) -> float:
    """Degrees of freedom of a sum of (variance, degrees) parts (Satterthwaite 1946, Biometrics Bulletin 2).

    Where the spread between groups is all noise of seeds, ``variance`` is far below its parts and the formula goes to
    zero, where t has no scale; one degree is the least that an interval is drawn with (no claim rests on so few).
    """
    spread = sum(part**2 / df for part, df in parts)
    return min(df for _, df in parts) if spread == 0 else max(variance**2 / spread, 1.0)
