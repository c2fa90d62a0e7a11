"""The content of a space: defaults, round trip, identity."""

from __future__ import annotations

import json

import pytest

from search_spaces.schema.distributions import Choice, LogUniform
from search_spaces.schema.schema import SearchSpace, flatten_settings
from tests.search_spaces.example_spaces import BASE, problems_of, space_of

FULL = """\
description: all sections
seed: 7
arms:
  ablation: {components: [ca], rows: [{ca: false}]}
  models: [ridge, {name: mult, arm: wide, width: 64}]
  controls: true
contrasts: [[full, no-ca], [full, wide]]
primary: test/corr
search:
  parameters:
    gamma: {log_uniform: [1e-2, 1]}
    gd.prior: {choice: [none, official]}
  trials: 12
  scheduler: asha
confirm: {seeds: [11, 12], top: 2}
resources: {cpu: 2, gpu: 0.5, fuse: off, custom: {slot: 1}, max_concurrent: 4}
tracking: {uri: null}
"""


def test_defaults_of_the_shortest_space() -> None:
    space = space_of()
    assert (space.seed, space.confirm.seeds, space.confirm.top) == (0, 5, 1)
    assert (space.scope, space.primary_metric, space.objective_metric) == ("none", "mae", "mae")
    assert space.data.folds is None
    assert space.resources.workers == 1


def test_values_arrive_as_written() -> None:
    space = space_of(FULL)
    assert space.search is not None
    searched = {name: parameter.distribution for name, parameter in space.search.parameters.items()}
    assert searched == {"gamma": LogUniform(0.01, 1.0), "gd.prior": Choice(("none", "official"))}
    assert space.arms.models[1].settings == {"width": 64}
    assert space.confirm.seeds == (11, 12)
    assert space.resources.fuse == "off"
    assert space.scope == "per_arm"


@pytest.mark.parametrize("more", ["", FULL])
def test_the_resolved_content_is_json_and_reads_back_as_the_same_space(more: str) -> None:
    space = space_of(more)
    resolved = json.loads(json.dumps(space.resolved(), allow_nan=False))
    again = SearchSpace.model_validate(resolved)
    assert again == space
    assert again.digest == space.digest


def test_the_objective_follows_the_primary_metric_unless_named() -> None:
    search = "search: {parameters: {gamma: {uniform: [0, 1]}}%s}\n"
    assert space_of("primary: test/corr\n" + search % "").objective_metric == "corr"
    assert space_of("primary: test/corr\n" + search % ", objective: valid/mae").objective_metric == "mae"


@pytest.mark.parametrize(
    "more",
    ["description: other\n", "resources: {cpu: 4}\n", "tracking: {uri: x}\n", "confirm: {keep: nothing}\n"],
)
def test_what_decides_no_trial_is_not_in_the_digest(more: str) -> None:
    assert space_of(more).digest == space_of().digest


@pytest.mark.parametrize("more", ["seed: 1\n", "primary: test/corr\n", "confirm: {seeds: 4}\n", "contrasts: []\n"])
def test_what_decides_a_trial_is_in_the_digest(more: str) -> None:
    assert space_of(more).digest != space_of().digest


def test_null_counts_as_absent() -> None:
    assert space_of("search: null\nconfirm:\nseed: ~\n") == space_of()


def test_settings_may_be_nested_or_dotted() -> None:
    assert flatten_settings({"a": {"b": {"c": 1}, "d": 2}, "e": 3}) == {"a.b.c": 1, "a.d": 2, "e": 3}
    nested = BASE.replace("{name: dmd}", "{name: dmd, kernel: {audio: 3}}")
    dotted = BASE.replace("{name: dmd}", "{name: dmd, kernel.audio: 3}")
    assert problems_of(nested) == problems_of(dotted) == ()


def test_folds_by_word_or_by_section() -> None:
    text = BASE.replace("{path: toy.npz}", "{path: toy.npz, folds: %s}")
    assert problems_of(text % "file") == problems_of(text % "{by: video, k: 4, repeats: 2}") == ()
    (problem,) = problems_of(text % "{by: file, k: 4}")
    assert "remove k" in problem.message


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "-rf", "a b", "", "x" * 101, "a\\nb", "ä"])
def test_a_study_name_can_never_leave_its_folder(name: str) -> None:
    (problem,) = problems_of(BASE.replace("study: demo", f'study: "{name}"'))
    assert problem.path == "study"


def test_a_schema_for_editors_can_be_made() -> None:
    schema = SearchSpace.model_json_schema()
    assert {"study", "data", "model", "search", "confirm"} <= set(schema["properties"])
