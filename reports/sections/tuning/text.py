"""The budget section as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reports.sections.hyperparameters.values import NOT_ADAPTIVE
from reports.sections.tuning.curves import NO_ORDER, TuningCurve
from reports.sections.tuning.values import Budget
from reports.statistics.arrays import FloatArray
from reports.text.durations import duration_text
from reports.text.markdown_table import Grid
from reports.text.rounding import ABSENT, count, fixed

MOST_COLUMNS = 5


@dataclass(frozen=True)
class BudgetGrids:
    """What the partial ``section.md.j2`` shows; None where there is nothing to show.

    curves: one table for all arms; band: of the typical best, None where trials are not independent; why_no_band: the
    reason then. failures: sentences on the proposals that failed, and what the searcher made of them.
    """

    tuning: Grid | None
    curves: Grid | None
    band: Grid | None
    why_no_band: str
    failures: tuple[str, ...]


def budget_grids(budget: Budget) -> BudgetGrids:
    """Every table of the section."""
    tuning, curves = _tuning_grid(budget), budget.curves
    failures = tuple(_failure_sentences(budget))
    why_no_band = next((curve.why_no_band for curve in curves if curve.why_no_band), "")
    if not why_no_band:
        return BudgetGrids(
            tuning=tuning,
            curves=_curve_grid(curves, [curve.expected for curve in curves]),
            band=_curve_grid(curves, [curve.typical for curve in curves], has_band=True),
            why_no_band="",
            failures=failures,
        )
    observed = [curve for curve in curves if np.isfinite(curve.observed).any()]
    if not observed:
        return BudgetGrids(tuning=tuning, curves=None, band=None, why_no_band=NO_ORDER, failures=failures)
    grid = _curve_grid(observed, [curve.observed for curve in observed])
    return BudgetGrids(tuning=tuning, curves=grid, band=None, why_no_band=why_no_band, failures=failures)


def _failure_sentences(budget: Budget) -> Iterator[str]:
    is_told = budget.searcher not in NOT_ADAPTIVE
    if budget.num_failed:
        counted = f"; {budget.searcher} took each for worse than every proposal that has a value" if is_told else ""
        yield f"{budget.num_failed} of {count(budget.num_trials, 'proposal')} failed{counted}."
    if budget.num_lost:
        counted = f"; {budget.searcher} did not learn of that" if is_told else ""
        yield f"Lost with the machines that they ran on: {count(budget.num_lost, 'proposal')}{counted}."


def _curve_grid(curves: Sequence[TuningCurve], values: Sequence[FloatArray], has_band: bool = False) -> Grid | None:
    """A line per arm, a column per doubling of the budget. values: (K,) of each curve."""
    if not curves:
        return None
    ks = _milestones(max(int(curve.budgets[-1]) for curve in curves))
    rows = []
    for curve, own in zip(curves, values, strict=True):
        places = {k: place for place, k in enumerate(curve.budgets.tolist())}
        cells = (_cell(curve, own, places[k], has_band) if k in places else "" for k in ks)
        rows.append((curve.arm, str(len(curve.cells)), *cells))
    return Grid(("Arm", "cells", *(f"k = {k}" for k in ks)), "lr" + "r" * len(ks), tuple(rows))


def _cell(curve: TuningCurve, values: FloatArray, place: int, has_band: bool) -> str:
    """``0.871``, with a band ``0.871 (0.85 to 0.91)``, or ``0.871 (up to 0.91)`` where one side is open."""
    decimals = curve.objective.decimals
    value = fixed(float(values[place]), decimals)
    low, high = float(curve.low[place]), float(curve.high[place])
    if not has_band:
        return value
    if np.isfinite(low) and np.isfinite(high):
        return f"{value} ({fixed(low, decimals)} to {fixed(high, decimals)})"
    if np.isfinite(high):
        return f"{value} (up to {fixed(high, decimals)})"
    return f"{value} (from {fixed(low, decimals)})" if np.isfinite(low) else f"{value} ({ABSENT})"


def _milestones(num_trials: int) -> tuple[int, ...]:
    """1, 2, 4, ... and the last; every second of them, and again, where a table has no room for so many columns."""
    steps = [2**power for power in range(num_trials.bit_length()) if 2**power < num_trials]
    while len(steps) >= MOST_COLUMNS:
        steps = steps[::2]
    return (*steps, num_trials)


def _tuning_grid(budget: Budget) -> Grid | None:
    rows = []
    for arm, searches in budget.by_arm().items():
        numbers = sorted({search.num_trials for search in searches})
        each = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        ended = (sum(s.completed for s in searches), sum(s.pruned for s in searches), sum(s.failed for s in searches))
        epochs, device_s = sum(s.epochs for s in searches), sum(s.device_s for s in searches)
        counts = (str(len(searches)), each, *(str(number) for number in ended), str(epochs))
        rows.append((arm, *counts, duration_text(device_s)))
    if not rows:
        return None
    headings = ("Arm", "searches", "trials in each", "completed", "pruned", "failed", "epochs", "device time")
    return Grid(headings, "lrrrrrrr", tuple(rows))
