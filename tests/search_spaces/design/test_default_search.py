"""``search: {parameters: default}``: every arm is searched over what its own method declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from orchestration.planning.method_catalogue import describe_methods
from search_spaces.checking.check_declarations import find_design_problems, find_search_problems
from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.proposals import starting_points_of
from search_spaces.schema.distributions import Choice, Distribution, LogUniform, Uniform
from search_spaces.schema.json_schema import space_schema
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.declared_methods import CATALOGUE, TREE, catalogue_of, problems_of, space_of

WEIGHT, HIDDEN, LEAF = LogUniform(0.01, 1.0), Choice((4, 8)), Choice((True, False))
OTHERS = "arms: {models: [bush, plain]}\n"


def searched(space: SearchSpace) -> dict[str, Mapping[str, Distribution]]:
    plans = plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE))
    return {plan.arm: dict(plan.parameters) for plan in plans if plan.owner == plan.arm}


@pytest.mark.parametrize("form", ["default", "{default: true}"])
def test_every_arm_is_searched_over_what_its_method_declares(form: str) -> None:
    space = space_of(f"search: {{parameters: {form}}}\n{OTHERS}")
    assert searched(space) == {
        "tree": {"weight": WEIGHT, "hidden": HIDDEN, "leaf": LEAF},
        "bush": {"weight": Uniform(0.5, 2.0)},
    }
    assert space.resolved()["search"]["parameters"] == {"default": True}
    assert SearchSpace.model_validate(space.resolved()).digest == space.digest


def test_entries_of_the_file_go_before_the_declared_ones() -> None:
    own = "{default: true, weight: {uniform: [2.0, 3.0]}, learning_rate: {uniform: [0.1, 0.2]}}"
    mine = {"weight": Uniform(2.0, 3.0), "learning_rate": Uniform(0.1, 0.2)}
    assert searched(space_of(f"search: {{parameters: {own}}}\n{OTHERS}")) == {
        "tree": {"weight": Uniform(2.0, 3.0), "hidden": HIDDEN, "leaf": LEAF, "learning_rate": Uniform(0.1, 0.2)},
        "bush": mine,
        "plain": mine,
    }


def test_what_the_file_fixes_or_switches_is_not_searched_by_default() -> None:
    more = "search: {parameters: default}\narms: {ablation: {design: published}, controls: true}\n"
    with_leaf = {"weight": WEIGHT, "hidden": HIDDEN}
    assert searched(space_of(more)) == {"full": with_leaf, "no-leaf": with_leaf, "none": with_leaf}
    fixed = "arms: {models: [{name: tree, arm: small, hidden: 4}]}\nsearch: {parameters: default}\n"
    assert set(searched(space_of(fixed))["small"]) == {"weight", "leaf"}


def test_with_scope_baseline_the_ablations_inherit_the_default_search() -> None:
    space = space_of("search: {parameters: default, scope: baseline}\narms: {ablation: {design: factorial}}\n")
    plans = plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE))
    assert {plan.owner for plan in plans} == {"full"}
    assert all(set(plan.parameters) == {"weight", "hidden"} for plan in plans)


def test_a_setting_may_be_called_default() -> None:
    (problem,) = problems_of("search: {parameters: {default: {uniform: [0, 1]}}}\n")
    assert (problem.line, problem.column, problem.path) == (4, 23, "search.parameters.default")
    assert "no setting of tree has that name" in problem.message


def test_a_start_goes_to_the_arms_that_search_its_values() -> None:
    space = space_of(f"search: {{parameters: default, start: [{{weight: 0.02}}, {{weight: 0.8}}]}}\n{OTHERS}")
    assert space.search is not None
    plans = {plan.arm: plan for plan in plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE))}
    assert starting_points_of(plans["tree"], space.search.start) == ({"weight": 0.02}, {"weight": 0.8})
    assert starting_points_of(plans["bush"], space.search.start) == ({"weight": 0.8},)


@pytest.mark.parametrize(
    ("more", "model", "place", "words"),
    [
        ("search: {parameters: defualt}\n", "tree", (4, 22, ""), "did you mean 'default'?"),
        ("search: {parameters: {default: false}}\n", "tree", (4, 32, ".default"), "must be true or absent, got false"),
        ("search: {parameters: {default: 3}}\n", "tree", (4, 32, ".default"), "must be true or absent, got 3"),
        ("search: {parameters: {weight: true}}\n", "tree", (4, 31, ".weight"), "must be one distribution"),
        ("search: {parameters: default}\n", "plain", (4, 22, ""), "is declared by plain (only by tree, bush)"),
        (
            "search: {parameters: default, scope: baseline}\narms: {models: [tree]}\n",
            "plain",
            (4, 22, ""),
            "default finds nothing",
        ),
        (
            "search: {parameters: {default: true, wieght: {uniform: [0, 1]}}}\n",
            "tree",
            (4, 38, ".wieght"),
            "did you mean 'weight'?",
        ),
        (
            "search: {parameters: {default: true, weight: {uniform: [0, 1], when: {hidden: 16}}}}\n",
            "tree",
            (4, 79, ".weight.when.hidden"),
            "never holds: hidden is searched over one of 4, 8",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(more: str, model: str, place: tuple[int, int, str], words: str) -> None:
    (problem,) = problems_of(more, model=model)
    assert (problem.line, problem.column, problem.path) == (*place[:2], f"search.parameters{place[2]}")
    assert words in problem.message


def test_a_default_search_of_which_nothing_is_free_is_refused() -> None:
    alone = "arms: {ablation: {design: factorial}}\nsearch: {parameters: default}\n"
    (problem,) = problems_of(alone, catalogue_of(replace(TREE, search={"stem": {"choice": [True, False]}})))
    assert (problem.line, problem.path) == (5, "search.parameters")
    assert "default finds nothing that is free" in problem.message


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"wieght": {"uniform": [0, 1]}}, "wieght is no setting that can be searched; did you mean 'weight'?"),
        ({"weight": {"unifrom": [0, 1]}}, "did you mean 'uniform'?"),
        ({"weight": {"uniform": [0, 11]}}, "a bound of tree.weight must be at most 10"),
        ({"hidden": {"uniform": [1, 2]}}, "write {int: [low, high]}"),
        ({"weight": {"uniform": [0, 1], "when": {"laef": True}}}, "depends on laef"),
    ],
)
def test_a_broken_declaration_is_told_where_it_is_asked_for(declared: Any, words: str) -> None:
    (problem,) = problems_of("search: {parameters: default}\n", catalogue_of(replace(TREE, search=declared)))
    assert (problem.line, problem.column, problem.path) == (4, 22, "search.parameters")
    assert problem.message.startswith("the default search that tree declares: ")
    assert words in problem.message


@pytest.mark.parametrize("name", describe_methods().methods)
def test_every_method_of_the_package_is_declared_soundly(name: str) -> None:
    method = describe_methods().methods[name]
    assert [*find_search_problems(method), *find_design_problems(method)] == []


def test_trained_methods_are_searched_over_about_as_much() -> None:
    catalogue = describe_methods()
    for name in ("dmd", "mult", "unimodal", "lf_lstm"):
        space = space_of("search: {parameters: default}\n", catalogue, name)
        (plan,) = plan_searches(space, catalogue, plan_arms(space, catalogue))
        assert 4 <= len(plan.parameters) <= 5, name
        assert "learning_rate" in plan.parameters
    assert not catalogue.methods["ridge"].search


@pytest.mark.parametrize("catalogue", [None, CATALOGUE], ids=["plain", "full"])
def test_an_editor_accepts_the_word_and_the_key(catalogue: Any) -> None:
    validator = jsonschema.Draft202012Validator(space_schema(catalogue))
    base = {"study": "s", "data": {"path": "d"}, "model": {"name": "tree"}}
    mixed = {"default": True, "weight": {"uniform": [0, 1]}}
    for parameters in ("default", {"default": True}, mixed):
        assert validator.is_valid({**base, "search": {"parameters": parameters}})
    for parameters in ("defualt", {"default": 3}, {"weight": True}, {}):
        assert not validator.is_valid({**base, "search": {"parameters": parameters}})
