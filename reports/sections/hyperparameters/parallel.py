"""The search trials of an arm as lines across parallel axes, one axis per parameter and one for how good they were.

Inselberg 1985, *The Plane with Parallel Coordinates*.

Legend: ``n`` trials, ``P`` parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.statistics.arrays import BoolArray, FloatArray
from reports.text.rounding import compact

BEST_SHARE = 0.25


@dataclass(frozen=True)
class ParallelAxis:
    """ticks: (place in 0 to 1, label)."""

    name: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class ParallelLines:
    """One arm's search as lines over its parameters.

    Attributes:
        arm: its name.
        axes: one per parameter.
        positions: (n, P) in 0 to 1; NaN where the parameter had no effect in the trial.
        ranks: (n,) share of the other trials of the same fold that were no better, 1 for the best: folds validate on
            other items, so their values do not compare.
        is_best: (n,) whether the trial is among the best quarter of its fold.
        num_without_value: trials that failed or gave no objective; they have no line.
        num_pruned: trials that were stopped early.
        num_cells: cells with a search.
    """

    arm: str
    axes: tuple[ParallelAxis, ...]
    positions: FloatArray
    ranks: FloatArray
    is_best: BoolArray
    num_without_value: int
    num_pruned: int
    num_cells: int


def parallel_lines(histories: Sequence[SearchHistory]) -> tuple[ParallelLines, ...]:
    """The lines of every arm that has at least three trials with a value and at least one parameter."""
    lines = (_lines(history) for history in histories if history.parameters)
    return tuple(found for found in lines if len(found.ranks) >= 3)


def _lines(history: SearchHistory) -> ParallelLines:
    used = history.has_value
    ranks = np.full(len(history.losses), np.nan)
    for place in range(len(history.cells)):
        here = used & (history.place == place)
        losses = history.losses[here]
        others = max(len(losses) - 1, 1)
        ranks[here] = [((losses >= loss).sum() - 1) / others if len(losses) > 1 else 1.0 for loss in losses]
    scales = np.array([max(len(parameter.options) - 1, 1) for parameter in history.parameters])
    return ParallelLines(
        arm=history.arm,
        axes=tuple(_axis(parameter) for parameter in history.parameters),
        positions=history.units[used] / scales,
        ranks=ranks[used],
        is_best=ranks[used] >= 1 - BEST_SHARE,
        num_without_value=int((~used).sum()),
        num_pruned=history.count("pruned"),
        num_cells=len(history.cells),
    )


def _axis(parameter: SearchedParameter) -> ParallelAxis:
    if parameter.is_numeric:
        return ParallelAxis(parameter.name, ((0.0, compact(parameter.low)), (1.0, compact(parameter.high))))
    last = max(len(parameter.options) - 1, 1)
    ticks = tuple((place / last, compact(option)) for place, option in enumerate(parameter.options))
    return ParallelAxis(parameter.name, ticks)
