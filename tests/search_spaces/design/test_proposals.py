"""Proposals of a search: only what can run, without what has no effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.design.arm_searches import ArmSearch
from search_spaces.design.arms import plan_arms
from search_spaces.design.proposals import drop_inactive, expand_grid, find_impossible, propose_grid
from search_spaces.schema.distributions import Choice, Distribution, IntRange, Uniform
from tests.search_spaces.example_spaces import CATALOGUE, DMD, space_of


def test_impossible_proposals_are_named_and_idle_values_dropped() -> None:
    (arm,) = plan_arms(space_of(), CATALOGUE)
    assert find_impossible(DMD, arm, {"fd": False}) == "homo_gd needs fd"
    assert find_impossible(DMD, arm, {"fd": False, "homo_gd": False}) is None
    proposal = {"fd": False, "homo_gd": False, "gamma": 0.3, "learning_rate": 0.1}
    assert drop_inactive(DMD, arm, proposal) == {"fd": False, "homo_gd": False, "learning_rate": 0.1}


def test_a_grid_proposes_only_what_can_run_and_each_configuration_once() -> None:
    (arm,) = plan_arms(space_of(), CATALOGUE)
    switches: dict[str, Distribution] = {
        "fd": Choice((True, False)),
        "homo_gd": Choice((True, False)),
        "gamma": Choice((0.1, 0.2)),
    }
    assert propose_grid(DMD, arm, ArmSearch("dmd", "dmd", switches), 8) == (
        {"fd": True, "homo_gd": True, "gamma": 0.1},
        {"fd": True, "homo_gd": True, "gamma": 0.2},
        {"fd": True, "homo_gd": False, "gamma": 0.1},
        {"fd": True, "homo_gd": False, "gamma": 0.2},
        {"fd": False, "homo_gd": False},
    )


@given(st.integers(0, 2), st.integers(0, 2), st.integers(2, 6), st.integers(1, 400))
def test_a_grid_is_the_finest_within_its_budget(num_ranges: int, num_ints: int, num_options: int, budget: int) -> None:
    parameters: dict[str, Distribution] = {f"u{i}": Uniform(0.0, 1.0) for i in range(num_ranges)}
    parameters |= {f"i{i}": IntRange(0, 3) for i in range(num_ints)}
    parameters["c"] = Choice(tuple(range(num_options)))
    coarsest = 2 ** (num_ranges + num_ints) * num_options
    if coarsest > budget:
        with pytest.raises(ValueError, match=f"has {coarsest} points"):
            expand_grid(parameters, budget)
        return
    grid = expand_grid(parameters, budget)
    assert coarsest <= len(grid) <= budget
    assert len({tuple(point.items()) for point in grid}) == len(grid)
    if num_ranges:
        side = len({point["u0"] for point in grid})
        assert (side + 1) ** num_ranges * min(side + 1, 4) ** num_ints * num_options > budget
