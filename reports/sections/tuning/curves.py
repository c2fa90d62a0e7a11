"""How good an arm gets with its tuning budget: the best validation value after k search trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reports.results.fold_cell import FoldCell
from reports.results.metrics import Metric
from reports.sections.hyperparameters.history import SearchHistory
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.best_of import expected_best, typical_best, typical_best_band
from reports.statistics.estimate import CONFIDENCE
from reports.text.rounding import count

MOST_POINTS = 500
"""With more trials the points of a curve thin out towards its end."""

NO_ORDER = "the order of the trials was not recorded"


@dataclass(frozen=True)
class TuningCurve:
    """The best value after so many trials of each search of one arm, mean over its cells, in shown units.

    Attributes:
        arm: its name.
        objective: the validation metric that was searched on.
        cells: where there was a search.
        budgets: (K,) numbers of trials, 1 to what the smallest of its searches has.
        observed: (K,) best so far in the order in which the trials were asked for; NaN before every cell has a value.
        expected, typical: (K,) mean and median over the luck of the draw, for independent trials; NaN where all of so
            many trials may have failed.
        low, high: (K,) 95% band of ``typical``, simultaneous over budgets and cells; NaN where open.
        why_no_band: why ``expected``, ``typical`` and the band are missing (NaN), as a clause; empty if they are there.
    """

    arm: str
    objective: Metric
    cells: tuple[FoldCell, ...]
    budgets: IntArray
    observed: FloatArray
    expected: FloatArray
    typical: FloatArray
    low: FloatArray
    high: FloatArray
    why_no_band: str


def why_not_independent(search: Mapping[str, Any]) -> str:
    """Why the trials of a search are not independent draws; empty if they are. search: of the study's description."""
    searcher, scheduler = str(search.get("searcher", "")), str(search.get("scheduler", "none"))
    if searcher == "grid":
        return "a grid has no chance in it: its trials are not draws"
    if searcher != "random":
        return f"{searcher} chooses each trial by the earlier ones, so they are not independent"
    if scheduler != "none":
        return f"{scheduler} stops trials by comparison with others, so their values are not independent"
    if search.get("starting_points"):
        return f"{count(int(search['starting_points']), 'starting point')} of each search were given and not drawn"
    return ""


def draw_tuning_curves(histories: Sequence[SearchHistory], search: Mapping[str, Any]) -> tuple[TuningCurve, ...]:
    """The curve of every arm that was searched for itself."""
    why = why_not_independent(search)
    return tuple(_curve(history, why) for history in histories)


def _curve(history: SearchHistory, why_no_band: str) -> TuningCurve:
    # A trial that was stopped early cannot be chosen, whatever it had reached.
    losses = np.where(np.isfinite(history.final), history.final_losses, np.inf)
    by_cell = [losses[history.place == place] for place in range(len(history.cells))]
    budgets = _budgets(min(own.size for own in by_cell))
    sign = history.objective.loss_sign

    def mean(curves: Sequence[FloatArray]) -> FloatArray:
        """Over cells, as shown; NaN where the curve of a cell is not finite. curves: (K,) each."""
        stacked = np.stack(curves)
        known = np.isfinite(stacked)
        return np.where(known.all(axis=0), sign * np.where(known, stacked, 0.0).mean(axis=0), np.nan)

    absent = np.full(budgets.size, np.nan)
    observed = mean([np.minimum.accumulate(own)[budgets - 1] for own in by_cell]) if history.has_order else absent
    expected, typical, low, high = absent, absent, absent, absent
    if not why_no_band:
        expected = mean([expected_best(own, budgets) for own in by_cell])
        typical = mean([typical_best(own, budgets) for own in by_cell])
        # Each cell at a level of its own such that all hold together, and with them their mean.
        confidence = 1 - (1 - CONFIDENCE) / len(by_cell)
        bands = [typical_best_band(own, budgets, confidence) for own in by_cell]
        low, high = mean([band[0] for band in bands]), mean([band[1] for band in bands])
        low, high = (low, high) if sign > 0 else (high, low)
    return TuningCurve(
        arm=history.arm,
        objective=history.objective,
        cells=history.cells,
        budgets=budgets,
        observed=observed,
        expected=expected,
        typical=typical,
        low=low,
        high=high,
        why_no_band=why_no_band,
    )


def _budgets(num_trials: int) -> IntArray:
    """1 .. n; of very many the powers of two and a thinning grid."""
    if num_trials <= MOST_POINTS:
        return np.arange(1, num_trials + 1)
    grid = np.rint(np.geomspace(1, num_trials, MOST_POINTS)).astype(np.int64)
    return np.unique(np.concatenate([grid, 2 ** np.arange(num_trials.bit_length())]))
