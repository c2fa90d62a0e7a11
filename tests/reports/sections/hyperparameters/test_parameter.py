"""Unit coordinates: even in what the search drew evenly from."""

from __future__ import annotations

import math

import pytest

from reports.sections.hyperparameters.parameter import SearchedParameter, searched_parameters
from search_spaces.schema.distributions import parse_distribution

DECLARED = {
    "a": {"log_uniform": [0.01, 1.0]},
    "b": {"uniform": [-1.0, 3.0]},
    "c": {"int": [1, 5]},
    "d": {"choice": [True, 1, "x"]},
}


def by_name() -> dict[str, SearchedParameter]:
    return {parameter.name: parameter for parameter in searched_parameters({"distributions": DECLARED}, "full")}


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [("a", 0.1, 0.5), ("a", 0.01, 0.0), ("b", 0.0, 0.25), ("c", 2, 0.25), ("d", True, 0), ("d", 1, 1), ("d", "x", 2)],
)
def test_unit_and_back(name: str, value: float, unit: float) -> None:
    parameter = by_name()[name]
    assert parameter.to_unit(value) == pytest.approx(unit)
    back = parameter.from_unit(unit)
    assert back == pytest.approx(value) if isinstance(value, float) else (back == value and type(back) is type(value))


@pytest.mark.parametrize(("name", "value"), [("a", -1.0), ("a", "x"), ("b", True), ("d", False), ("d", 7)])
def test_a_value_that_was_not_searched_has_no_unit(name: str, value: float) -> None:
    assert math.isnan(by_name()[name].to_unit(value))


@pytest.mark.parametrize("name", DECLARED)
def test_ranges_are_read_as_the_search_space_declares_them(name: str) -> None:
    distribution = parse_distribution(DECLARED[name])
    assert distribution.declare() == DECLARED[name]
    parameter = by_name()[name]
    assert all(0 <= parameter.to_unit(value) <= 2 for value in distribution.grid(5))


@pytest.mark.parametrize("declared", ["log-uniform", {"normal": [0, 1]}, {"uniform": [1]}, {"uniform": "01"}, {}])
def test_a_distribution_that_cannot_be_read_is_refused_by_name(declared: object) -> None:
    with pytest.raises(ValueError, match="'gamma'"):
        searched_parameters({"distributions": {"gamma": declared}}, "full")


def test_older_studies_without_ranges_have_no_parameters() -> None:
    assert searched_parameters({"parameters": {"gamma": "log-uniform in [0.01, 1]"}}, "full") == ()


def test_an_arm_is_searched_over_its_own_range() -> None:
    """One range for all arms would show a parameter in the middle of it that stands at the end of the arm's own."""
    own = {
        "gamma": {"distribution": {"log_uniform": [0.01, 0.1]}, "least": 0.0, "most": None},
        "rate": {"distribution": {"uniform": [0.0, 0.5]}, "least": 0.0, "most": 1.0},
    }
    search = {"distributions": DECLARED, "ranges": {"full": own}}
    gamma, rate = searched_parameters(search, "full")
    assert (gamma.low, gamma.high, gamma.least, gamma.most) == (0.01, 0.1, 0.0, None)
    assert gamma.to_unit(0.1) == pytest.approx(1.0)
    assert (rate.name, rate.most) == ("rate", 1.0)
    assert [parameter.name for parameter in searched_parameters(search, "other")] == sorted(DECLARED)
