"""Parameters that exist only under other values, and starting points: what each arm makes of them."""

from __future__ import annotations

import pytest

from search_spaces.design.arm_searches import ArmSearch, plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.proposals import drop_inactive_conditions, propose_grid, starting_points_of
from search_spaces.design.settings import full_settings
from search_spaces.schema.conditions import SearchedParameter, holds, parents_first, parse_parameter
from search_spaces.schema.distributions import Choice, Uniform
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.example_spaces import BASE, CATALOGUE, DMD, problems_of, space_of

SEARCH = """\
search:
  parameters:
    homo_gd: {choice: [true, false]}
    width: {choice: [8, 16, 32], when: {homo_gd: true}}
    learning_rate: {log_uniform: [1e-4, 1e-2], when: {width: [16, 32]}}
"""


def searches_of(more: str) -> dict[str, ArmSearch]:
    space = space_of(more)
    return {search.arm: search for search in plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE))}


def test_a_condition_is_read_and_written_back() -> None:
    parameter = parse_parameter({"uniform": [0, 1], "when": {"ca": True, "width": [8, 16]}})
    assert parameter == SearchedParameter(Uniform(0.0, 1.0), {"ca": (True,), "width": (8, 16)})
    assert parse_parameter(parameter.declare()) == parameter
    space = space_of(SEARCH)
    assert SearchSpace.model_validate(space.resolved()) == space
    assert space.digest != space_of(SEARCH.replace("[16, 32]", "[16]")).digest


def test_true_is_not_one() -> None:
    assert holds({"ca": (True,)}, {"ca": True})
    assert not holds({"ca": (1,)}, {"ca": True})
    assert not holds({"ca": (True,)}, {})


def test_parents_come_first_and_nothing_else_moves() -> None:
    conditions = {"c": {"b": (1,)}, "x": {}, "b": {"a": (1,), "elsewhere": (2,)}, "a": {}}
    assert parents_first(conditions) == ("a", "b", "c", "x")
    with pytest.raises(ValueError, match=r"circle: a -> b -> a|circle: b -> a -> b"):
        parents_first({"a": {"b": (1,)}, "b": {"a": (1,)}})


def test_what_an_arm_fixes_resolves_the_condition() -> None:
    arms = "arms: {ablation: {components: [fd, homo_gd, ca, hetero_gd], design: published}}\n"
    more = "search: {parameters: {width: {choice: [8, 16], when: {ca: true}}}}\n"
    searches = searches_of(arms + more)
    assert list(searches["full"].parameters) == ["width"]
    assert searches["full"].conditions == {}, "ca is on in this arm: nothing is left to ask"
    assert searches["no-ca"].owner is None, "its only parameter does not exist"


def test_conditions_between_searched_parameters_stay() -> None:
    search = searches_of(SEARCH)["dmd"]
    assert search.conditions == {"width": {"homo_gd": (True,)}, "learning_rate": {"width": (16, 32)}}
    settings = full_settings(DMD, {"homo_gd": False})
    assert not search.is_active("width", settings)
    # Without a proposal the width is the default 50: the learning rate does not exist either.
    assert not search.is_active("learning_rate", settings)


def test_a_grid_has_each_existing_configuration_once() -> None:
    space = space_of(SEARCH.replace("log_uniform: [1e-4, 1e-2]", "choice: [0.1, 0.2]") + "  searcher: grid\n")
    (arm,) = plan_arms(space, CATALOGUE)
    (search,) = plan_searches(space, CATALOGUE, (arm,))
    grid = propose_grid(DMD, arm, search, 20)
    assert grid == (
        {"homo_gd": True, "width": 8},
        {"homo_gd": True, "width": 16, "learning_rate": 0.1},
        {"homo_gd": True, "width": 16, "learning_rate": 0.2},
        {"homo_gd": True, "width": 32, "learning_rate": 0.1},
        {"homo_gd": True, "width": 32, "learning_rate": 0.2},
        {"homo_gd": False},
    )
    assert drop_inactive_conditions(DMD, arm, search, {"homo_gd": False, "width": 8, "learning_rate": 0.1}) == {
        "homo_gd": False
    }


def test_starting_points_reach_the_arms_they_concern() -> None:
    search = ArmSearch("dmd", "dmd", {"gamma": Uniform(0, 1), "ca": Choice((True, False))})
    starts = [{"gamma": 0.5, "width": 8}, {"gamma": 0.5, "width": 16}, {"width": 8}, {"ca": False}]
    assert starting_points_of(search, starts) == ({"gamma": 0.5}, {"ca": False})


P = "search: {parameters: {gamma: {uniform: [0, 1]}, ca: {choice: [true, false]}%s}%s}"
MISTAKES = [
    (P % (", alpha: {uniform: [0, 1], when: 3}", ""), "search.parameters.alpha", "`when` takes settings"),
    (P % (", alpha: {uniform: [0, 1], when: {ca: []}}", ""), "search.parameters.alpha", "needs a value"),
    (P % (", alpha: {uniform: [0, 1], when: {kca: true}}", ""), "search.parameters.alpha.when.kca", "did you mean"),
    (P % (", alpha: {uniform: [0, 1], when: {ca: 3}}", ""), "search.parameters.alpha.when.ca", "must be true or false"),
    (P % (", alpha: {uniform: [0, 1], when: {gamma: 7}}", ""), "search.parameters.alpha.when.gamma", "never holds"),
    (P % (", alpha: {uniform: [0, 1], when: {alpha: 1}}", ""), "search.parameters", "circle"),
    (P % (", alpha: {uniform: [0, 1], when: {width: 99}}", ""), "search.parameters.alpha", "has no effect in any arm"),
    (P % ("", ", start: 3"), "search.start", "a list of configurations"),
    (P % ("", ", start: [{alpha: 1}]"), "search.start[0].alpha", "is not searched"),
    (P % ("", ", start: [{gamma: 0.5}, {gamma: 2}]"), "search.start[1].gamma", "must be uniform in [0, 1], got 2"),
    (P % ("", ", start: [{gamma: 0.5}, {gamma: 0.1}], trials: 1"), "search", "`trials` is 1; raise it"),
    (P % ("", ", start: [{gamma: 0.5}], searcher: grid"), "search", "`start` has no meaning"),
    (P % ("", ", objective: [valid/mae, parameters], scheduler: asha"), "search", "compares trials by one number"),
    (P % ("", ", objective: [valid/mae, parameters], searcher: cmaes"), "search", "follows one objective"),
    (P % ("", ", objective: [parameters, valid/mae]"), "search.objective", "the first objective chooses the winner"),
    (P % ("", ", objective: [valid/mae, valid/mae]"), "search.objective", "names an objective twice"),
    (P % ("", ", objective: [valid/mae, test/corr]"), "search.objective", "never the test split"),
    (P % ("", ", objective: [valid/mae, valid/cor]"), "search.objective", "did you mean 'corr'?"),
    (P % ("", ", objective: 3"), "search.objective", "a list that begins with one"),
    (
        "search: {parameters: {fd: {choice: [true, false]}, homo_gd: {choice: [true, false]}}, "
        "start: [{fd: false, homo_gd: true}]}",
        "search.start[0]",
        "is impossible: homo_gd needs fd",
    ),
]


@pytest.mark.parametrize(("more", "path", "words"), MISTAKES, ids=[f"{case[1]}-{i}" for i, case in enumerate(MISTAKES)])
def test_mistakes_are_named_at_their_place(more: str, path: str, words: str) -> None:
    (problem,) = problems_of(BASE + more + "\n")
    assert problem.path == path
    assert problem.line == 4
    assert words in problem.message


def test_objectives_have_an_order() -> None:
    space = space_of(P % ("", ", objective: [valid/corr, parameters, valid/mae]") + "\n")
    assert space.objective_metric == "corr"
    assert space.further_objectives == ("parameters", "valid/mae")
    assert SearchSpace.model_validate(space.resolved()) == space
    assert space_of(P % ("", "") + "\n").further_objectives == ()
