"""The *rerun* question: would the number hold on these same data with new seeds?

Model: a run with seed ``s`` on cell ``c`` (one fold of one repeat) scores ``m_c + e_cs``; the cells are fixed, the
errors are independent with one variance. That variance is estimated within cells and pooled over them, as in a one-way
analysis of variance (Fisher 1925; Montgomery, *Design and Analysis of Experiments*, chapter 3), so five folds of three
seeds give ten degrees of freedom rather than two. In words: of many repetitions of this study with other seeds, 95% of
such intervals contain the mean that infinitely many seeds would give. It says nothing about other speakers.

Legend: ``S`` seeds, ``C`` cells; NaN marks a run that is not there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reports.statistics.estimate import Estimate, t_estimate, undefined

FloatArray = npt.NDArray[np.float64]

ONE_RUN_PER_CELL = "one run per fold: run-to-run spread unknown"


def rerun_mean(values: FloatArray) -> Estimate | None:
    """The mean over cells of the means over seeds, with its rerun interval. values: (S, C).

    For a paired difference give the differences of runs with equal seed and cell. Cells without any run are left out.
    Returns None where there is no run at all.
    """
    counts = np.isfinite(values).sum(axis=0)
    present = values[:, counts > 0]
    counts = counts[counts > 0]
    if counts.size == 0:
        return None
    num_runs, num_cells = int(counts.sum()), counts.size
    means = np.nanmean(present, axis=0)
    value = float(means.mean())
    df = num_runs - num_cells
    if df == 0:
        return undefined(value, num_runs, "rerun", ONE_RUN_PER_CELL)
    variance = float(np.nansum((present - means) ** 2)) / df
    std_error = float(np.sqrt(variance * (1 / counts).sum())) / num_cells
    return t_estimate(value, std_error, df, num_runs, "rerun")


def rerun_difference_unpaired(first: FloatArray, second: FloatArray) -> Estimate | None:
    """The difference of two means whose runs share no seeds (a control against its baseline). (S, C) each.

    One variance is pooled over the cells of both arms (Student's two-sample t within cells). Only cells with runs of
    both arms enter; None where there is no such cell.
    """
    shared = np.isfinite(first).any(axis=0) & np.isfinite(second).any(axis=0)
    if not shared.any():
        return None
    num_cells = int(shared.sum())
    value, squares, weights, num_runs = 0.0, 0.0, 0.0, 0
    for sign, values in ((1.0, first[:, shared]), (-1.0, second[:, shared])):
        counts = np.isfinite(values).sum(axis=0)
        means = np.nanmean(values, axis=0)
        value += sign * float(means.mean())
        squares += float(np.nansum((values - means) ** 2))
        weights += float((1 / counts).sum())
        num_runs += int(counts.sum())
    df = num_runs - 2 * num_cells
    if df == 0:
        return undefined(value, num_runs, "rerun", ONE_RUN_PER_CELL)
    std_error = float(np.sqrt(squares / df * weights)) / num_cells
    return t_estimate(value, std_error, df, num_runs, "rerun")


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
