"""Designs, labels and contrasts of a method that only its own declaration describes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dmd.declaration import Component, KeptHeads, Method, PublishedRows
from search_spaces.checking.check_declarations import find_design_problems
from search_spaces.design.arms import list_combinations, plan_arms
from search_spaces.design.contrasts import ContrastPair, auto_contrasts, plan_contrasts
from search_spaces.terms.catalogue import Catalogue
from tests.search_spaces.declared_methods import (
    CATALOGUE,
    OTHER,
    PLAIN,
    TREE,
    WITH_HEADS,
    catalogue_of,
    problems_of,
    space_of,
)


def arms_of(design: str, catalogue: Catalogue = CATALOGUE) -> list[tuple[str, str, tuple[bool, ...]]]:
    arms = plan_arms(space_of(f"arms: {{ablation: {design}}}\n", catalogue), catalogue)
    return [(arm.name, arm.label, tuple(arm.components.values())) for arm in arms]


def pairs_of(more: str, catalogue: Catalogue = CATALOGUE) -> tuple[ContrastPair, ...]:
    space = space_of(more, catalogue)
    return plan_contrasts(space, plan_arms(space, catalogue), catalogue.methods)


FULL = ("full", "full model", (True, True))
STEM = ("no-leaf", "w/o Leaf", (True, False))
NONE = ("none", "no component", (False, False))


@pytest.mark.parametrize(
    ("design", "arms"),
    [
        ("{design: leave_one_out}", [FULL, ("none", "no component (Leaf had to follow)", (False, False)), STEM]),
        ("{design: add_one}", [NONE, STEM, ("full", "full model (Stem had to follow)", (True, True))]),
        ("{design: factorial}", [FULL, STEM, NONE]),
        ("{design: published}", [FULL, STEM, NONE]),
        ("{rows: [{leaf: false}]}", [FULL, STEM]),
        ("{components: [leaf], design: leave_one_out}", [FULL, STEM]),
    ],
)
def test_every_design_follows_from_the_declaration(design: str, arms: list[tuple[str, str, tuple[bool, ...]]]) -> None:
    assert arms_of(design) == arms


def test_what_can_run_follows_from_the_prerequisites() -> None:
    space = space_of("arms: {ablation: {design: leave_one_out}}\n")
    assert set(list_combinations(space, CATALOGUE)) == {("stem", "leaf"), ("stem",), ()}


def test_a_row_that_cannot_run_is_refused_in_the_words_of_the_declaration() -> None:
    (problem,) = problems_of("arms: {ablation: {rows: [{stem: false}]}}\n")
    assert (problem.line, problem.column, problem.path) == (4, 26, "arms.ablation.rows[0]")
    assert "leaf needs stem: a leaf hangs on a stem" in problem.message


def test_declared_edges_are_the_contrasts_of_the_published_design_and_no_others() -> None:
    assert pairs_of("arms: {ablation: {design: published}}\n") == (
        ContrastPair("full", "no-leaf", "Leaf"),
        ContrastPair("full", "none", "Stem and Leaf"),
    )
    one_apart = (ContrastPair("full", "no-leaf", "Leaf"), ContrastPair("no-leaf", "none", "Stem"))
    assert pairs_of("arms: {ablation: {design: factorial}}\n") == one_apart
    assert TREE.published is not None
    without = catalogue_of(replace(TREE, published=replace(TREE.published, edges=())))
    assert pairs_of("arms: {ablation: {design: published}}\n", without) == one_apart


def test_an_edge_whose_arm_is_missing_is_left_out() -> None:
    arms = plan_arms(space_of("arms: {ablation: {design: published}}\n"), CATALOGUE)
    pairs = auto_contrasts(arms[:2], CATALOGUE.methods, design="published")
    assert pairs == (ContrastPair("full", "no-leaf", "Leaf"),)


def test_kept_heads_are_told_by_the_effect_that_is_declared() -> None:
    catalogue = catalogue_of(WITH_HEADS)
    space = space_of("arms: {ablation: {design: published}}\n", catalogue)
    arms = plan_arms(space, catalogue)
    assert (arms[3].name, arms[3].label) == ("no-leaf-heads", "w/o Leaf, heads kept")
    assert [arm.settings.get("keep", False) for arm in arms] == [False, False, False, True]
    assert plan_contrasts(space, arms, catalogue.methods)[2:] == (
        ContrastPair("full", "no-leaf-heads", "Leaf's shade", in_family=False),
        ContrastPair("no-leaf-heads", "no-leaf", "supervision by Leaf's heads", in_family=False),
    )
    (problem,) = problems_of(
        "arms: {ablation: {design: published}}\nsearch: {parameters: {keep: {choice: [true, false]}}}\n", catalogue
    )
    assert (problem.line, problem.path) == (5, "search.parameters.keep")


def test_a_component_is_called_as_its_own_method_calls_it() -> None:
    more = (
        "arms: {models: [{name: tree, arm: bare, leaf: false}, bush, {name: bush, arm: dry, stem: false}, "
        "{name: bush, arm: winter, leaf: false}]}\n"
        "contrasts: [[tree, bare], [bush, dry], [bush, winter]]\n"
    )
    assert [pair.isolates for pair in pairs_of(more)] == ["Leaf", "Twig", "leaf"]


def test_methods_that_are_not_known_any_more_have_the_names_of_their_components() -> None:
    arms = plan_arms(space_of("arms: {ablation: {design: factorial}}\n"), CATALOGUE)
    assert [pair.isolates for pair in auto_contrasts(arms, {}, design="factorial")] == ["leaf", "stem"]


def test_a_method_without_published_rows_is_told_which_have_some() -> None:
    (problem,) = problems_of("arms: {ablation: {design: published}}\n", model="bush")
    assert (problem.line, problem.column, problem.path) == (4, 27, "arms.ablation.design")
    assert problem.message.startswith("bush declares no published rows (methods that have some: tree)")


def test_other_components_than_the_published_ones_are_refused() -> None:
    (problem,) = problems_of("arms: {ablation: {components: [leaf], design: published}}\n")
    assert problem.path == "arms.ablation.components"
    assert "the published rows are defined for stem, leaf, got leaf; name exactly these" in problem.message


def test_published_rows_may_be_of_some_components_alone() -> None:
    table = PublishedRows((("leaf",), ()))
    catalogue = catalogue_of(replace(TREE, published=table))
    assert arms_of("{design: published}", catalogue) == [FULL, STEM]


BROKEN = [
    (replace(TREE, published=PublishedRows(())), "publishes no row"),
    (replace(TREE, published=PublishedRows((("stem", "laef"),))), "did you mean 'leaf'?"),
    (replace(TREE, published=PublishedRows((("stem",), ("stem", "leaf")))), "row 1 that tree publishes has more"),
    (replace(TREE, published=PublishedRows((("stem",), ()), edges=((0, 2),))), "must be two of its rows, 0 to 1"),
    (replace(TREE, published=PublishedRows((("stem",), ()), edges=((1, 0),))), "to one with fewer"),
    (replace(TREE, components=(Component("weight"),), published=None), "the component weight, which is no setting"),
    (replace(TREE, kept_heads=KeptHeads("kept", ("leaf",))), "keeps heads by kept"),
    (replace(TREE, kept_heads=KeptHeads("keep", ("root",))), "keeps the heads of root"),
]


@pytest.mark.parametrize(("method", "words"), BROKEN, ids=[words for _, words in BROKEN])
def test_a_declaration_that_contradicts_itself_is_told(method: Method, words: str) -> None:
    (problem,) = find_design_problems(catalogue_of(method).methods["tree"])
    assert words in problem


def test_a_broken_table_is_told_where_the_design_is_asked_for() -> None:
    broken = replace(TREE, published=PublishedRows((("stem", "leaf"), ("root",))))
    (problem,) = problems_of("arms: {ablation: {design: published}}\n", catalogue_of(broken))
    assert (problem.line, problem.column, problem.path) == (4, 27, "arms.ablation.design")
    assert "row 1 that tree publishes has root" in problem.message


@pytest.mark.parametrize("method", [TREE, WITH_HEADS, OTHER, PLAIN], ids=lambda method: method.name)
def test_a_sound_declaration_has_no_problem(method: Method) -> None:
    assert not list(find_design_problems(catalogue_of(method).methods[method.name]))
