"""Each declared component of every method can be switched off in a study, and planning proves that its arm differs."""

from __future__ import annotations

import json

import pytest

from dmd.data.samples.target import Target
from dmd.registry import METHODS
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from search_spaces.loading.load import load_text
from tests.dmd.baselines.test_every_method import SMALL

DATA = "planted:num_videos=6,clips_per_video=3"
WITH_COMPONENTS = [name for name, method in METHODS.items() if method.components]


@pytest.mark.parametrize("name", WITH_COMPONENTS)
def test_each_component_is_an_arm_that_differs(name: str) -> None:
    model = json.dumps({"name": name, **SMALL.get(name, {}), "batch_size": 6, "max_epochs": 1})
    data = f"{DATA},target=several" if METHODS[name].find_target_conflict(Target()) else DATA
    space = f'study: parts\ndata: {{path: "{data}"}}\nmodel: {model}\narms: {{ablation: {{design: leave_one_out}}}}\n'
    planned = prepare(load_text(space, describe_methods()), None).planned  # two arms that are one are refused
    off = [{part for part in METHODS[name].component_names if not arm.settings[part]} for arm in planned.arms]
    assert off[0] == set()
    assert set().union(*off) == set(METHODS[name].component_names)
