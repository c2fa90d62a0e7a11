"""Predictions of other code as arms: planned with the others, searched and trained by nobody."""

from __future__ import annotations

import pytest

from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.contrasts import plan_contrasts
from search_spaces.terms.trial import EXTERNAL
from tests.search_spaces.example_spaces import BASE, CATALOGUE, problems_of, size_of, space_of

ARMS = "arms: {models: [ridge], external: [{arm: theirs, path: theirs.csv}], controls: true}\n"
SEARCH = "search: {parameters: {alpha: {uniform: [0, 1]}}, trials: 3, start: [{alpha: 0.5}]}\n"


def test_external_arms_are_models_compared_with_the_baseline() -> None:
    space = space_of(ARMS)
    arms = plan_arms(space, CATALOGUE)
    assert [(arm.name, arm.role, arm.is_external) for arm in arms] == [
        ("dmd", "baseline", False),
        ("ridge", "model", False),
        ("theirs", "model", True),
        ("control", "control", False),
    ]
    assert arms[2].model == EXTERNAL
    assert [(pair.first, pair.second) for pair in plan_contrasts(space, arms, CATALOGUE.methods)] == [
        ("dmd", "ridge"),
        ("dmd", "theirs"),
    ]


def test_nothing_is_searched_or_counted_for_them() -> None:
    space = space_of(ARMS + SEARCH + "confirm: {seeds: 2}\n")
    (search,) = [s for s in plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE)) if s.arm == "theirs"]
    assert (search.owner, dict(search.parameters)) == (None, {})
    size = size_of(space)
    assert (size.num_arms, size.num_search, size.num_confirm) == (4, 6, 3 * 2)


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        ("arms: {external: [{arm: dmd, path: a.csv}]}", "arms.external[0]", "another arm is called 'dmd'"),
        (
            "arms: {external: [{arm: a, path: a.csv}, {arm: a, path: b.csv}]}",
            "arms.external[1]",
            "another arm is called",
        ),
        ("arms: {external: [{arm: a b, path: a.csv}]}", "arms.external[0].arm", "must be 1 to 100 letters"),
        ("arms: {external: [{arm: a}]}", "arms.external[0].path", "the required key is missing"),
        ("arms: {external: [{arm: a, pth: a.csv, path: b}]}", "arms.external[0].pth", "did you mean 'path'?"),
        (
            "arms: {external: [{arm: a, path: a.csv}]}\n"
            "confirm: {seeds: {min: 3, max: 5}, until: decided, smallest_effect: 0.1}",
            "arms.external[0]",
            "list `contrasts` without it",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_place(more: str, where: str, words: str) -> None:
    (problem,) = problems_of(f"{BASE}{more}\n")
    assert problem.path == where
    assert words in problem.message
    assert problem.line is not None
