"""``--set key=value`` puts one value in place, and takes the blame for it."""

from __future__ import annotations

import pytest

from search_spaces.schema.distributions import Uniform
from tests.search_spaces.example_spaces import BASE, problems_of, space_of


def test_values_are_read_as_yaml() -> None:
    space = space_of("", "confirm.seeds=[3, 4]", "model.gamma=1e-2", "arms.controls=true", "data.folds=file")
    assert space.confirm.seeds == (3, 4)
    assert space.model.settings == {"gamma": 0.01}
    assert space.arms.controls
    assert space.data.folds is not None


def test_later_ones_win_and_null_takes_away() -> None:
    assert space_of("seed: 1\n", "seed=2", "seed=3").seed == 3
    assert space_of("search: {parameters: {gamma: {uniform: [0, 1]}}}\n", "search=null").search is None


def test_names_of_settings_keep_their_dots() -> None:
    assert space_of("", "model.gd.prior=official").model.settings == {"gd.prior": "official"}
    space = space_of("search: {parameters: {gamma: {uniform: [0, 1]}}}\n", "search.parameters.alpha={uniform: [0, 1]}")
    assert space.search is not None
    assert space.search.parameters["alpha"].distribution == Uniform(0.0, 1.0)


def test_a_setting_replaces_its_nested_form() -> None:
    text = BASE.replace("{name: dmd}", "{name: dmd, kernel: {audio: 99}}")
    assert problems_of(text)[0].path == "model.kernel.audio"
    assert problems_of(text, "model.kernel.audio=3") == ()


def test_a_model_given_by_its_name_alone_can_get_settings() -> None:
    assert problems_of(BASE.replace("{name: dmd}", "dmd"), "model.gamma=0.5") == ()


def test_a_default_search_can_get_entries_of_its_own() -> None:
    space = space_of("search: {parameters: default}\n", "search.parameters.alpha={uniform: [0, 1]}")
    assert space.search is not None
    assert space.search.uses_defaults
    assert space.search.named["alpha"].distribution == Uniform(0.0, 1.0)
    named = "search: {parameters: {alpha: {uniform: [0, 1]}}}\n"
    assert space_of(named, "search.parameters=default").resolved()["search"]["parameters"] == {"default": True}


def test_the_space_itself_is_not_changed_by_a_failed_override() -> None:
    assert space_of("confirm: {seeds: 2}\n").confirm.seeds == 2


@pytest.mark.parametrize(
    ("override", "shown"),
    [
        ("seed=x", "--set: seed: must be a whole number, got 'x'"),
        ("confirm.seeds=0", "--set: confirm.seeds: is 0 and nothing is searched"),
        ("foo.bar=1", "--set: foo: unknown key"),
        ("model.gama=1", "--set: model.gama: unknown setting of dmd; did you mean 'gamma'?"),
        ("seed", "--set: must be key=value with a dotted key, got 'seed'"),
        ("=3", "--set: must be key=value"),
        ("a..b=3", "--set: must be key=value"),
        ("study.name=3", "--set: study.name: `study` is no mapping in this file; set it as a whole"),
        ("seed=[1", "--set: seed: is not valid YAML"),
        ("seed=.nan", "--set: seed: must be a finite number"),
        ("seed=\udcff", "--set: seed: must be valid Unicode"),
    ],
)
def test_a_wrong_override_is_blamed_itself(override: str, shown: str) -> None:
    (problem,) = problems_of(BASE, override)
    assert str(problem).startswith(shown)
