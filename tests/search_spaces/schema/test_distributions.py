"""A distribution is what its YAML says, and its grid lies inside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.schema.distributions import (
    Choice,
    Distribution,
    IntRange,
    LogUniform,
    Uniform,
    hull_of,
    parse_distribution,
)

POSITIVE = st.floats(1e-9, 1e9)


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    kind = draw(st.sampled_from(["log_uniform", "uniform", "int", "choice"]))
    if kind == "choice":
        return Choice(tuple(draw(st.lists(st.text(max_size=5), min_size=2, max_size=5, unique=True))))
    if kind == "int":
        low = draw(st.integers(-50, 50))
        return IntRange(low, low + draw(st.integers(1, 60)))
    low_value = draw(POSITIVE)
    high_value = low_value * draw(st.floats(1.01, 1e6))
    return LogUniform(low_value, high_value) if kind == "log_uniform" else Uniform(low_value, high_value)


@given(distributions(), st.integers(1, 30))
def test_every_grid_value_is_in_the_distribution_and_distinct(distribution: Distribution, n: int) -> None:
    grid = distribution.grid(n)
    assert all(distribution.contains(value) for value in grid)
    assert len(set(grid)) == len(grid) == distribution.grid_size(n)


@given(distributions())
def test_a_declaration_reads_back(distribution: Distribution) -> None:
    assert parse_distribution(distribution.declare()) == distribution


def test_grids_by_hand() -> None:
    assert LogUniform(0.01, 1.0).grid(3) == pytest.approx((0.01, 0.1, 1.0))
    assert Uniform(0.0, 1.0).grid(5) == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert Uniform(0.0, 1.0).grid(1) == (0.5,)
    assert IntRange(1, 3).grid(10) == (1, 2, 3)
    assert IntRange(0, 100).grid(3) == (0, 50, 100)
    assert Choice((True, False)).grid(1) == (True, False)


def test_true_is_not_one() -> None:
    assert not Choice((True, False)).contains(1)
    assert not IntRange(0, 1).contains(True)
    assert not Uniform(0.0, 1.0).contains(True)
    assert not Uniform(0.0, 1.0).contains("0.5")


def test_descriptions_name_kind_and_bounds() -> None:
    assert LogUniform(0.01, 1.0).describe() == "log-uniform in [0.01, 1]"
    assert Uniform(0.02, 0.5).describe() == "uniform in [0.02, 0.5]"
    assert IntRange(8, 64).describe() == "whole number in [8, 64]"
    assert Choice(("a", "b")).describe() == "one of a, b"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (5, "must be one distribution"),
        ({}, "must be one distribution"),
        ({"uniform": [0, 1], "int": [0, 1]}, "must be one distribution"),
        ({"unifrom": [0, 1]}, "did you mean 'uniform'"),
        ({"uniform": 3}, "takes a list"),
        ({"uniform": [1]}, "two numbers"),
        ({"uniform": [0, "1"]}, "two numbers"),
        ({"uniform": [True, 2]}, "two numbers"),
        ({"int": [0, 1.5]}, "two whole numbers"),
        ({"uniform": [1, 1]}, "low < high"),
        ({"uniform": [2, 1]}, "low < high"),
        ({"log_uniform": [0, 1]}, "above 0"),
        ({"uniform": [-1e301, 1e301]}, "at most 1e300"),
        ({"choice": ["a"]}, "at least two"),
        ({"choice": ["a", "a"]}, "twice"),
        ({"choice": ["a", ["b"]]}, "takes words"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(declared: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_distribution(declared)


def test_true_and_one_are_two_options() -> None:
    assert parse_distribution({"choice": [True, 1]}) == Choice((True, 1))


@pytest.mark.parametrize(
    ("distributions", "hull"),
    [
        ((Uniform(0, 1),), Uniform(0, 1)),
        ((LogUniform(0.1, 1), LogUniform(0.01, 0.5)), LogUniform(0.01, 1)),
        ((LogUniform(0.1, 1), Uniform(0, 0.5)), Uniform(0, 1)),
        ((IntRange(1, 4), IntRange(3, 9)), IntRange(1, 9)),
        ((Choice((1, 8)), IntRange(3, 9)), Uniform(1, 9)),
        ((Choice((True, "a")), Choice((True, 1))), Choice((True, "a", 1))),
        ((Choice(("a", "b")), Uniform(0, 1)), None),
    ],
)
def test_a_hull_holds_what_each_of_its_parts_holds(
    distributions: tuple[Distribution, ...], hull: Distribution | None
) -> None:
    assert hull_of(distributions) == hull


@given(st.lists(distributions(), min_size=1, max_size=3), st.integers(1, 9))
def test_every_grid_value_of_a_part_is_in_the_hull(parts: list[Distribution], n: int) -> None:
    hull = hull_of(parts)
    assert hull is None or all(hull.contains(value) for part in parts for value in part.grid(n))
