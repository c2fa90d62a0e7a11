from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from dmd.errors import ConfigurationError
from dmd.models.dmd_config import DMDConfig
from dmd.settings import build_config, fields_of, flatten, setting


@dataclass(frozen=True)
class Inner:
    rate: float = setting(0.5, low=0, high=1)


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    size: int = setting(3, low=1)
    kind: Literal["a", "b"] = setting("a")
    positive: float = setting(1.0, low=0, low_exclusive=True)


def test_dotted_names_reach_nested_values() -> None:
    config = build_config(Outer, {"inner.rate": 1, "kind": "b"}, "outer")
    assert config == Outer(Inner(1.0), 3, "b", 1.0)
    assert isinstance(config.inner.rate, float)
    assert flatten(config) == {"inner.rate": 1.0, "size": 3, "kind": "b", "positive": 1.0}


def test_all_problems_are_reported_together_with_the_nearest_name() -> None:
    settings = {"inner.rte": 0.1, "size": 0, "kind": "c", "positive": 0.0}
    with pytest.raises(ConfigurationError) as caught:
        build_config(Outer, settings, "outer")
    lines = str(caught.value).splitlines()
    assert lines == [
        "outer: no setting 'inner.rte', did you mean 'inner.rate'?",
        "outer: size must be at least 1, got 0",
        "outer: kind must be one of a, b, got 'c'",
        "outer: positive must be above 0, got 0.0",
    ]


@pytest.mark.parametrize("value", [True, "1", 1.5])
def test_a_whole_number_is_nothing_else(value: object) -> None:
    with pytest.raises(ConfigurationError, match="size"):
        build_config(Outer, {"size": value}, "outer")  # type: ignore[dict-item]


def test_every_setting_of_dmd_round_trips() -> None:
    names = [part.name for part in fields_of(DMDConfig)]
    assert len(names) == len(set(names)) > 40
    assert build_config(DMDConfig, flatten(DMDConfig()), "dmd") == DMDConfig()
