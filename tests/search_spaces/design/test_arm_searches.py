"""What is searched for an arm: what it has, what is free, what can have an effect."""

from __future__ import annotations

import pytest

from search_spaces.design.arm_searches import ArmSearch, plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.schema.distributions import Choice
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.example_spaces import BASE, CATALOGUE, problems_of, space_of

PARAMETERS = """\
search:
  parameters:
    gamma: {uniform: [0, 1]}
    lambda2: {uniform: [0, 1]}
    alpha: {uniform: [0, 1]}
    learning_rate: {log_uniform: [1e-4, 1e-2]}
"""
ARMS = "arms: {ablation: {design: published}, models: [ridge, mult], controls: true}\n"


def searches_of(space: SearchSpace) -> dict[str, ArmSearch]:
    return {search.arm: search for search in plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE))}


def test_every_arm_searches_what_has_an_effect_in_it() -> None:
    searches = searches_of(space_of(PARAMETERS + ARMS))
    assert {name: list(search.parameters) for name, search in searches.items()} == {
        "full": ["gamma", "lambda2", "alpha", "learning_rate"],
        "no-hetero_gd": ["gamma", "lambda2", "alpha", "learning_rate"],
        "no-ca": ["gamma", "lambda2", "alpha", "learning_rate"],
        "no-ca-hetero_gd": ["gamma", "lambda2", "alpha", "learning_rate"],
        "only-fd": ["gamma", "alpha", "learning_rate"],
        "none": ["learning_rate"],
        "ridge": ["alpha"],
        "mult": ["learning_rate"],
        "control": ["gamma", "lambda2", "alpha", "learning_rate"],
    }
    assert all(search.owner == name for name, search in searches.items() if name != "control")


def test_a_control_takes_the_configuration_of_the_baseline() -> None:
    assert searches_of(space_of(PARAMETERS + ARMS))["control"].owner == "full"


def test_with_scope_baseline_ablations_inherit_and_other_methods_do_not() -> None:
    searches = searches_of(space_of(PARAMETERS + "  scope: baseline\n" + ARMS))
    assert searches["none"] == ArmSearch(
        "none", "full", {"learning_rate": searches["full"].parameters["learning_rate"]}
    )
    # Ridge has an `alpha` too, but its alpha is not the margin of DMD.
    assert searches["ridge"] == ArmSearch("ridge", None, {})
    assert {name for name, search in searches.items() if search.owner == name} == {"full"}


def test_an_arm_inherits_nothing_that_its_owner_does_not_search() -> None:
    more = "search: {scope: baseline, parameters: {learning_rate: {uniform: [0.1, 1]}}}\n"
    searches = searches_of(space_of(more + "arms: {ablation: {design: add_one}}\n"))
    assert all(list(search.parameters) == ["learning_rate"] for search in searches.values())


@pytest.mark.parametrize("more", ["", PARAMETERS + "  scope: none\n"])
def test_without_a_search_nothing_is_owned(more: str) -> None:
    assert all(search.owner is None and not search.parameters for search in searches_of(space_of(more)).values())


def test_what_the_file_fixes_for_an_arm_is_not_searched_there() -> None:
    arms = "arms: {models: [{name: mult, learning_rate: 0.01}, {name: mult, arm: free}]}\n"
    searches = searches_of(space_of(PARAMETERS + arms))
    assert searches["mult"] == ArmSearch("mult", None, {})
    assert list(searches["free"].parameters) == ["learning_rate"]


def test_what_a_preset_gives_may_be_searched() -> None:
    searches = searches_of(space_of(PARAMETERS, "model.preset=official"))
    assert "gamma" in searches["dmd"].parameters


def test_a_searched_component_keeps_the_weights_of_its_losses_in_play() -> None:
    more = "search: {parameters: {gamma: {uniform: [0, 1]}%s}}\n"
    off = ("model.fd=false", "model.homo_gd=false", "model.hetero_gd=false")
    (problem,) = problems_of(BASE + more % "", *off)
    assert (problem.path, problem.line) == ("search.parameters.gamma", 4)
    assert "has no effect in any arm" in problem.message
    searched = searches_of(space_of(more % ", fd: {choice: [true, false]}", *off[1:]))["dmd"]
    assert list(searched.parameters) == ["gamma", "fd"]


def test_numbers_of_a_choice_have_the_kind_of_the_setting() -> None:
    space = space_of("search: {parameters: {gamma: {choice: [0, 1]}}}\n")
    distribution = searches_of(space)["dmd"].parameters["gamma"]
    assert isinstance(distribution, Choice)
    assert [type(option) for option in distribution.options] == [float, float]
