"""The family of contrasts: pairs that isolate one thing, and nothing else."""

from __future__ import annotations

import pytest

from search_spaces.design.arms import plan_arms
from search_spaces.design.contrasts import ContrastPair, plan_contrasts
from search_spaces.loading.load import load_text
from search_spaces.schema.schema import SearchSpace
from tests.search_spaces.example_spaces import BASE, CATALOGUE, WITH_HEADS, ablation, space_of


def contrasts_of(space: SearchSpace) -> tuple[ContrastPair, ...]:
    return plan_contrasts(space, plan_arms(space, CATALOGUE), CATALOGUE.methods)


def test_the_published_design_has_the_six_edges_with_the_component_first() -> None:
    assert contrasts_of(ablation("published")) == (
        ContrastPair("full", "no-hetero_gd", "HeteroGD given CA"),
        ContrastPair("full", "no-ca", "CA given HeteroGD"),
        ContrastPair("no-hetero_gd", "no-ca-hetero_gd", "CA without HeteroGD"),
        ContrastPair("no-ca", "no-ca-hetero_gd", "HeteroGD without CA"),
        ContrastPair("no-ca-hetero_gd", "only-fd", "HomoGD"),
        ContrastPair("only-fd", "none", "FD"),
    )


def test_arms_that_keep_their_heads_stand_beside_the_six_edges() -> None:
    space = ablation("published")
    pairs = plan_contrasts(space, plan_arms(space, WITH_HEADS), WITH_HEADS.methods)
    assert pairs[:6] == contrasts_of(space)
    assert all(pair.in_family for pair in pairs[:6])
    assert pairs[6:] == (
        ContrastPair("full", "no-hetero_gd-heads", "HeteroGD's distillation", in_family=False),
        ContrastPair("no-hetero_gd-heads", "no-hetero_gd", "supervision by HeteroGD's heads", in_family=False),
        ContrastPair("full", "no-homo_gd-heads", "HomoGD's distillation", in_family=False),
    )


def test_whoever_declares_a_comparison_with_kept_heads_puts_it_into_the_family() -> None:
    more = "arms: {ablation: {design: published}}\ncontrasts: [[full, no-homo_gd-heads]]\n"
    space = load_text(BASE + more, WITH_HEADS)
    pairs = plan_contrasts(space, plan_arms(space, WITH_HEADS), WITH_HEADS.methods)
    assert pairs == (ContrastPair("full", "no-homo_gd-heads", "HomoGD's distillation"),)


@pytest.mark.parametrize("design", ["leave_one_out", "add_one", "factorial"])
def test_every_pair_differs_in_exactly_one_component_which_the_first_has(design: str) -> None:
    space = ablation(design)
    arms = {arm.name: arm for arm in plan_arms(space, CATALOGUE)}
    pairs = plan_contrasts(space, tuple(arms.values()), CATALOGUE.methods)
    assert pairs
    for pair in pairs:
        first, second = arms[pair.first].components, arms[pair.second].components
        (component,) = [name for name in first if first[name] != second[name]]
        assert first[component]
    one_apart = [
        {a.name, b.name}
        for a in arms.values()
        for b in arms.values()
        if a.name < b.name and sum(a.components[name] != b.components[name] for name in a.components) == 1
    ]
    assert sorted(map(sorted, one_apart)) == sorted(sorted((pair.first, pair.second)) for pair in pairs)


def test_no_two_contrasts_of_a_factorial_isolate_the_same_thing() -> None:
    isolated = [pair.isolates for pair in contrasts_of(ablation("factorial"))]
    assert len(set(isolated)) == len(isolated)


def test_methods_are_compared_with_the_baseline_and_controls_with_nothing() -> None:
    space = space_of("arms: {models: [ridge, mult], controls: true}\n")
    assert contrasts_of(space) == (ContrastPair("dmd", "ridge", "method"), ContrastPair("dmd", "mult", "method"))


def test_the_same_method_with_other_settings_is_not_called_another_method() -> None:
    space = space_of("arms: {models: [{name: dmd, arm: wide, width: 64}]}\n")
    assert contrasts_of(space) == (ContrastPair("dmd", "wide", "settings"),)


def test_declared_pairs_are_taken_as_they_are() -> None:
    more = "contrasts: [[no-ca, full], [full, none], [control, full]]\n"
    space = space_of("arms: {ablation: {design: published}, controls: true}\n" + more)
    assert contrasts_of(space) == (
        ContrastPair("no-ca", "full", "CA given HeteroGD"),
        ContrastPair("full", "none", ""),
        ContrastPair("control", "full", ""),
    )


def test_a_study_of_one_arm_has_no_contrast() -> None:
    assert contrasts_of(space_of()) == ()
    assert contrasts_of(ablation("published", "contrasts: []\n")) == ()
