"""Proposals of a search: which can run, what of them has an effect, and those of a grid and of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from search_spaces.design.arm_searches import ArmSearch, every_case
from search_spaces.design.settings import full_settings
from search_spaces.schema.distributions import Distribution
from search_spaces.terms.catalogue import MethodSchema
from search_spaces.terms.trial import Arm, Value

COARSEST = 2
"""Values per range of the coarsest grid: its two ends."""


def find_impossible(method: MethodSchema, arm: Arm, parameters: Mapping[str, Value]) -> str | None:
    """Why a proposal cannot run in an arm. Searchers call it before they propose.

    Args:
        method: of the arm.
        arm: that fixes the other settings.
        parameters: the proposal.

    Returns:
        A sentence, or None if it can run.
    """
    return method.find_conflict(full_settings(method, {**arm.settings, **parameters}))


def drop_inactive(method: MethodSchema, arm: Arm, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """A proposal without the values that have no effect under its others (the weight of a loss that is off).

    Two proposals that train the same model become equal, and with them their configuration ids.

    Args:
        method: of the arm.
        arm: that fixes the other settings.
        parameters: the proposal.
    """
    inactive = method.inactive(full_settings(method, {**arm.settings, **parameters}))
    return {name: value for name, value in parameters.items() if name not in inactive}


def grid_size(parameters: Mapping[str, Distribution], points: int) -> int:
    """Number of grid points with ``points`` values per range."""
    return math.prod(distribution.grid_size(points) for distribution in parameters.values())


def expand_grid(parameters: Mapping[str, Distribution], max_points: int) -> tuple[dict[str, Value], ...]:
    """The finest full grid of at most ``max_points`` points: every option of a choice, ranges evenly spaced.

    Raises:
        ValueError: if even the two ends of every range give more.
    """
    points = COARSEST
    if grid_size(parameters, points) > max_points:
        raise ValueError(f"the coarsest grid has {grid_size(parameters, points)} points, the budget is {max_points}")
    # No grid within the budget has more than `max_points` values on one side.
    while points < max_points and grid_size(parameters, points + 1) <= max_points:
        points += 1
    return tuple(every_case({name: distribution.grid(points) for name, distribution in parameters.items()}))


def drop_inactive_conditions(
    method: MethodSchema, arm: Arm, search: ArmSearch, parameters: Mapping[str, Value]
) -> dict[str, Value]:
    """A proposal without the parameters whose conditions do not hold.

    Args:
        method: of the arm.
        arm: that fixes the other settings.
        search: of the arm; holds the conditions.
        parameters: the proposal.
    """
    kept: dict[str, Value] = {}
    for name in search.parameters:
        if name in parameters and search.is_active(name, full_settings(method, {**arm.settings, **kept})):
            kept[name] = parameters[name]
    return kept


def propose_grid(method: MethodSchema, arm: Arm, search: ArmSearch, max_points: int) -> tuple[dict[str, Value], ...]:
    """The grid of one arm: active parameters and possible configurations only, each configuration once.

    Args:
        method: of the arm.
        arm: that fixes the other settings.
        search: of the arm.
        max_points: upper limit of the full grid's points.

    Raises:
        ValueError: even the two ends of every range give more points.
    """
    proposals: dict[tuple[tuple[str, Value], ...], dict[str, Value]] = {}
    for full_point in expand_grid(search.parameters, max_points):
        point = drop_inactive_conditions(method, arm, search, full_point)
        if find_impossible(method, arm, point) is None:
            proposal = drop_inactive(method, arm, point)
            proposals.setdefault(tuple(proposal.items()), proposal)
    return tuple(proposals.values())


def starting_points_of(search: ArmSearch, starts: Sequence[Mapping[str, Value]]) -> tuple[dict[str, Value], ...]:
    """The starting points as far as they concern one arm, each once; one without any of its parameters is left out.

    Methods may search one setting over different distributions; a value outside the arm's own is not for it.
    """
    own = (
        {
            name: value
            for name, value in start.items()
            if name in search.parameters and search.parameters[name].contains(value)
        }
        for start in starts
    )
    distinct = {tuple(sorted(start.items())): start for start in own if start}
    return tuple(distinct.values())
