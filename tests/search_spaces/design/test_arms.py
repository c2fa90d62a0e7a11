"""From a space to its arms: the right combinations, by the right names, in the right order."""

from __future__ import annotations

import itertools

import pytest

from search_spaces.design.arms import CONTROL_SEED_OFFSET, list_combinations, plan_arms
from search_spaces.design.components import name_combination
from search_spaces.loading.load import load_text
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.trial import Arm
from tests.search_spaces.example_spaces import (
    BASE,
    CATALOGUE,
    COMPONENTS,
    WITH_HEADS,
    ablation,
    find_conflict,
    space_of,
)


def arms_of(space: SearchSpace) -> tuple[Arm, ...]:
    return plan_arms(space, CATALOGUE)


def names(space: SearchSpace) -> list[str]:
    return [arm.name for arm in arms_of(space)]


def on(arm: Arm) -> set[str]:
    return {name for name, is_on in arm.components.items() if is_on}


def test_the_published_design_is_the_six_rows_of_table_3_in_their_order() -> None:
    arms = arms_of(ablation("published"))
    assert [(arm.name, arm.label) for arm in arms] == [
        ("full", "full model"),
        ("no-hetero_gd", "w/o HeteroGD"),
        ("no-ca", "w/o CA"),
        ("no-ca-hetero_gd", "w/o CA, HeteroGD"),
        ("only-fd", "FD only"),
        ("none", "no component"),
    ]
    ticks = ["1111", "1110", "1101", "1100", "1000", "0000"]
    assert ["".join(str(int(arm.components[name])) for name in COMPONENTS) for arm in arms] == ticks
    assert [arm.role for arm in arms] == ["baseline"] + ["ablation"] * 5


@pytest.mark.parametrize("design", ["published", "leave_one_out", "factorial"])
def test_what_can_run_is_told_whatever_the_design_asks_for(design: str) -> None:
    possible = list_combinations(ablation(design), CATALOGUE)
    assert len(possible) == len(set(possible)) == 11
    assert {combination for combination in possible if "fd" not in combination} == {(), ("ca",), ("ca", "hetero_gd")}
    assert list_combinations(space_of(""), CATALOGUE) == ()


def test_components_that_are_not_ablated_stand_as_the_model_has_them() -> None:
    space = space_of("arms: {ablation: {components: [ca, hetero_gd], design: factorial}}\n")
    possible = list_combinations(space, CATALOGUE)
    assert len(possible) == 4
    assert all({"fd", "homo_gd"} <= set(combination) for combination in possible)


def test_the_published_design_also_tells_supervision_from_distillation() -> None:
    space = ablation("published", "", "arms.controls=true")
    arms = plan_arms(space, WITH_HEADS)
    assert arms[:6] == arms_of(space)[:6]
    assert [(arm.name, arm.label, arm.role) for arm in arms[6:8]] == [
        ("no-hetero_gd-heads", "w/o HeteroGD, heads kept", "ablation"),
        ("no-homo_gd-heads", "w/o HomoGD, heads kept", "ablation"),
    ]
    assert ["".join(str(int(arm.components[name])) for name in COMPONENTS) for arm in arms[6:8]] == ["1110", "1011"]
    assert [arm.settings.get("keep_aux_heads", False) for arm in arms] == [False] * 6 + [True, True, False]


def test_where_every_row_keeps_its_heads_there_is_nothing_to_add() -> None:
    space = load_text(f"{BASE}arms: {{ablation: {{design: published}}}}\n", WITH_HEADS, ["model.keep_aux_heads=true"])
    assert len(plan_arms(space, WITH_HEADS)) == 6


def test_the_order_of_the_components_in_the_file_changes_nothing() -> None:
    mixed = space_of("arms: {ablation: {components: [ca, hetero_gd, fd, homo_gd], design: published}}\n")
    assert arms_of(mixed) == arms_of(ablation("published"))


def test_leave_one_out_takes_along_only_what_cannot_stay() -> None:
    arms = arms_of(ablation("leave_one_out"))
    assert [on(arm) for arm in arms] == [
        {"fd", "homo_gd", "ca", "hetero_gd"},
        {"ca", "hetero_gd"},
        {"fd", "ca", "hetero_gd"},
        {"fd", "homo_gd", "hetero_gd"},
        {"fd", "homo_gd", "ca"},
    ]
    assert arms[1].name == "no-fd-homo_gd"
    assert arms[1].label == "w/o FD, HomoGD (HomoGD had to follow)"
    assert arms[2].label == "w/o HomoGD"


def test_add_one_starts_from_nothing_and_adds_what_is_needed() -> None:
    arms = arms_of(ablation("add_one"))
    assert [on(arm) for arm in arms] == [set(), {"fd"}, {"fd", "homo_gd"}, {"ca"}, {"fd", "hetero_gd"}]
    assert (arms[0].name, arms[0].role) == ("none", "baseline")
    assert arms[2].label == "w/o CA, HeteroGD (FD had to follow)"


def test_a_factorial_has_every_possible_combination_once_and_no_other() -> None:
    arms = arms_of(ablation("factorial"))
    possible = {
        frozenset(name for name, is_on in zip(COMPONENTS, bits, strict=True) if is_on)
        for bits in itertools.product((True, False), repeat=4)
        if find_conflict(dict(zip(COMPONENTS, bits, strict=True))) is None
    }
    assert len(possible) == 11
    assert {frozenset(on(arm)) for arm in arms} == possible
    assert len(arms) == 11
    assert arms[0].name == "full"


def test_rows_follow_the_full_model_and_name_only_what_is_off() -> None:
    space = space_of("arms: {ablation: {rows: [{ca: false}, {}, {fd: false, homo_gd: false}]}}\n")
    assert names(space) == ["full", "no-ca", "no-fd-homo_gd"]


def test_components_that_are_not_switched_stay_as_the_model_has_them() -> None:
    switched = "arms: {ablation: {components: [ca], design: leave_one_out}}\n"
    assert names(space_of(switched)) == ["full", "no-ca"]
    assert names(space_of(switched, "model.hetero_gd=false")) == ["no-hetero_gd", "no-ca-hetero_gd"]


@pytest.mark.parametrize("design", ["published", "leave_one_out", "add_one", "factorial"])
def test_arms_have_distinct_names_and_settings(design: str) -> None:
    arms = arms_of(ablation(design))
    assert len({arm.name for arm in arms}) == len(arms)
    assert len({tuple(sorted(arm.settings.items())) for arm in arms}) == len(arms)
    assert all(arm.settings[name] is arm.components[name] for arm in arms for name in COMPONENTS)


def test_combinations_are_named_one_to_one() -> None:
    everything = [dict(zip(COMPONENTS, bits, strict=True)) for bits in itertools.product((True, False), repeat=4)]
    assert len({name_combination(toggles) for toggles in everything}) == 16
    assert name_combination({"a": True, "b": False}) == "no-b"
    assert name_combination({"a": False}) == "no-a"


def test_without_arms_the_model_itself_is_the_one_arm() -> None:
    (arm,) = arms_of(space_of())
    assert (arm.name, arm.role, arm.model) == ("dmd", "baseline", "dmd")


def test_other_methods_and_the_control_come_last() -> None:
    more = (
        "arms: {ablation: {design: published}, models: [ridge, {name: mult, arm: wide, width: 64}], controls: true}\n"
    )
    arms = arms_of(space_of(more))
    assert [(arm.name, arm.role, arm.model) for arm in arms[6:]] == [
        ("ridge", "model", "ridge"),
        ("wide", "model", "mult"),
        ("control", "control", "dmd"),
    ]
    assert arms[6].components == {}
    assert arms[7].settings == {"width": 64}
    control, baseline = arms[-1], arms[0]
    assert (control.settings, control.components) == (baseline.settings, baseline.components)
    assert (control.seed_offset, baseline.seed_offset) == (CONTROL_SEED_OFFSET, 0) == (1000, 0)


def test_settings_hold_the_preset_and_then_what_the_file_says() -> None:
    (arm,) = arms_of(space_of("", "model.preset=official", "model.gamma=1"))
    assert arm.settings == {
        "preset": "official",
        "gd.prior": "official",
        "gamma": 1.0,
        **dict.fromkeys(COMPONENTS, True),
    }
    assert isinstance(arm.settings["gamma"], float)


def test_the_same_space_gives_the_same_arms() -> None:
    assert arms_of(ablation("factorial")) == arms_of(ablation("factorial"))
