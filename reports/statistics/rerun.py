"""The *rerun* question: would the number hold on these same data with new seeds?

Model: a run with seed ``s`` on cell ``c`` (one fold of one repeat) scores ``m_c + e_cs``; the cells are fixed, the
errors are independent with one variance. That variance is estimated within cells and pooled over them, as in a one-way
analysis of variance (Fisher 1925; Montgomery, *Design and Analysis of Experiments*, chapter 3), so five folds of three
seeds give ten degrees of freedom rather than two. In words: of many repetitions of this study with other seeds, 95% of
such intervals contain the mean that infinitely many seeds would give. It says nothing about other videos.

A score that counts items lies on a grid, and a few runs on a coarse grid often come out equal: taken as they are they
would have no variance, and the difference would be certain. What rounding to the grid does to a value, a variance of a
twelfth of the squared grain per run (Sheppard 1898, *Proceedings of the London Mathematical Society* 29), is therefore
added to the variance that the runs show. It vanishes with the grain: a score on many items, or one that is no count,
keeps its interval.

Legend: ``S`` seeds, ``C`` cells; NaN marks a run that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate, t_estimate, undefined

METHOD = "t on the variance within folds"
_ROUNDING = 1e-7
"""Runs that differ by less than this share of their score, or of 1, are the same up to the rounding of float32."""
ONE_RUN_PER_CELL = "one run per fold: run-to-run spread unknown"


@dataclass(frozen=True)
class SeedBlock:
    """A weighted sum of arms that share seeds, formed seed by seed and cell by cell.

    Attributes:
        values: (S, C); NaN where a run of any of the arms is not there.
        weight: root of the summed squares of the arms' weights; the deviation of ``values`` in deviations of single
            runs, if runs of one seed were independent between arms. With a single block it has no effect.
        is_random: whether the seed changes anything in any of the arms. A block without randomness, whose values are
            the same under every seed, tells nothing of the variance of a run.
        rounding: (C,) variance that the grain of the score puts into a value of each cell; None: the score has no
            grain.
    """

    values: FloatArray
    weight: float = 1.0
    is_random: bool = True
    rounding: FloatArray | None = None


def rerun_sum(blocks: Sequence[SeedBlock]) -> Estimate | None:
    """The sum of the blocks' means over cells, with its rerun interval.

    Within a block runs are matched by seed, so whatever a seed does to all of its arms alike cancels; between blocks
    they are independent. The variance of a run is pooled over the random blocks in units of their weights: one block of
    differences is the paired t within cells, two blocks of one arm each are Student's two-sample t within cells, and
    beside a block without randomness it is the one-sample t of the other.
    Only cells with values in every block enter. Returns None where there is no such cell.
    """
    shared = np.logical_and.reduce([np.isfinite(block.values).any(axis=0) for block in blocks])
    if not shared.any():
        return None
    num_cells = int(shared.sum())
    value, squares, spread, rounding, df, num_runs = 0.0, 0.0, 0.0, 0.0, 0, 0
    enters = [block.is_random or do_vary(block.values) for block in blocks]
    for block, has_noise in zip(blocks, enters, strict=True):
        values = block.values[:, shared]
        counts = np.isfinite(values).sum(axis=0)
        means = np.nanmean(values, axis=0)
        value += float(means.mean())
        num_runs += int(counts.sum())
        if block.rounding is not None:
            rounding += float((block.rounding[shared] / counts).sum())
        if has_noise or not any(enters):
            squares += float(np.nansum((values - means) ** 2)) / block.weight**2
            spread += float((1 / counts).sum()) * block.weight**2
            df += int(counts.sum()) - num_cells
    if df == 0:
        return undefined(value, num_runs, "rerun", ONE_RUN_PER_CELL)
    std_error = float(np.sqrt(squares / df * spread + rounding)) / num_cells
    return t_estimate(value=value, std_error=std_error, df=df, n=num_runs, question="rerun", method=METHOD)


def do_vary(values: FloatArray) -> bool:
    """Whether two runs of a cell differ by more than rounding. values: (S, C), or (S, C, M) of several metrics."""
    present = np.isfinite(values)
    spans = np.max(values, axis=0, initial=-np.inf, where=present) - np.min(
        values, axis=0, initial=np.inf, where=present
    )
    sizes = np.max(np.abs(values), axis=0, initial=0.0, where=present)
    return bool((spans > _ROUNDING * np.maximum(sizes, 1.0)).any())


def noise_unit(*arms: FloatArray) -> float | None:
    """The standard deviation of single runs, pooled over the given arms, each (S, C), whose runs vary.

    An arm without randomness (a closed form) is no sample of the noise. None where no arm varies.
    """
    return run_deviation(*(values for values in arms if do_vary(values)))


def run_deviation(*arms: FloatArray) -> float | None:
    """The pooled within-cell standard deviation of runs over the given arms, each (S, C); None if undefined."""
    squares, df = 0.0, 0
    for values in arms:
        counts = np.isfinite(values).sum(axis=0)
        present = values[:, counts > 0]
        if present.shape[1]:
            squares += float(np.nansum((present - np.nanmean(present, axis=0)) ** 2))
            df += int(counts.sum()) - present.shape[1]
    return None if df == 0 else float(np.sqrt(squares / df))
