"""Optima at the edge of what was searched: a better value may lie beyond, where no trial looked.

The best trial of each search is asked where its value lies. Of a parameter without any effect it lies anywhere in the
range, so it falls into the outer twentieth at one end by a chance of one in twenty (of a list of ordered options into
its last one by one over their number). An edge is called where so many of an arm's searches end there, or more, by at
most that chance; it is also called where a trend that is shown (:mod:`.sensitivity`) is best at an end of the range.
Nothing is called where the range ends with what the setting can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.hyperparameters.parameter import SearchedParameter
from reports.sections.hyperparameters.sensitivity import EffectCurve, Sensitivity
from reports.statistics.arrays import FloatArray
from reports.statistics.chance import at_least
from reports.statistics.verdict import LEVEL

Side = Literal["lower", "upper"]
OUTER = LEVEL
"""Share of a range at one end: one search alone is enough to call an edge, by a chance of that share."""
_MOST_LEVELS = round(1 / OUTER) - 1
"""Of so many values or fewer the outer share of the range holds none but the end."""


@dataclass(frozen=True)
class Edge:
    """A parameter whose best value lies at an end of its range.

    Attributes:
        arm: by name.
        parameter: with its range.
        side: the end.
        num_at_edge, num_searches: searches whose best trial lies there; those with one that has the parameter.
        is_trend: whether a trend that is shown is best at this end.
    """

    arm: str
    parameter: SearchedParameter
    side: Side
    num_at_edge: int
    num_searches: int
    is_trend: bool


def find_edges(history: SearchHistory, sensitivity: Sensitivity, is_grid: bool) -> tuple[Edge, ...]:
    """The edges of one arm, in the order of its parameters.

    Args:
        history: its searches.
        sensitivity: its trends.
        is_grid: whether the trials lie on a grid, so that each range has as many ends as points.
    """
    best = _best_trials(history)
    curves = {curve.parameter.name: curve for curve in sensitivity.curves}
    found: list[Edge] = []
    for column, parameter in enumerate(history.parameters):
        if not parameter.is_ordered:
            continue
        tried = history.units[:, column]
        units = tried[best][np.isfinite(tried[best])]
        levels = tuple(np.unique(tried[np.isfinite(tried)]).tolist()) if is_grid else parameter.levels(_MOST_LEVELS)
        found += _edges_of(history.arm, parameter, units, levels, curves.get(parameter.name))
    return tuple(found)


def _best_trials(history: SearchHistory) -> list[int]:
    """The best finished trial of every search."""
    losses = np.where(np.isfinite(history.final_losses), history.final_losses, np.inf)
    places = (np.flatnonzero((history.place == cell) & np.isfinite(losses)) for cell in range(len(history.cells)))
    return [int(place[np.argmin(losses[place])]) for place in places if place.size]


def _edges_of(
    arm: str, parameter: SearchedParameter, units: FloatArray, levels: Sequence[float], curve: EffectCurve | None
) -> Iterator[Edge]:
    """units: of the best trials; levels: every value that there is, in units; none of a range that has no steps or
    more of them than matter."""
    sides: tuple[Side, ...] = ("lower", "upper")
    for side in sides:
        if parameter.ends_at(side):
            continue
        end = parameter.end_unit(side)
        distance = np.abs(units - end)
        reach = OUTER * parameter.last_unit
        chance = OUTER
        if 0 < len(levels) <= _MOST_LEVELS:
            reach, chance = min(abs(level - end) for level in levels), 1 / len(levels)
        number = int((distance <= reach + 1e-9).sum())
        is_trend = curve is not None and curve.p_holm <= LEVEL and float(curve.units[curve.best]) == end
        if is_trend or (number and at_least(number, units.size, chance) <= LEVEL + 1e-9):
            yield Edge(
                arm=arm,
                parameter=parameter,
                side=side,
                num_at_edge=number,
                num_searches=int(units.size),
                is_trend=is_trend,
            )
