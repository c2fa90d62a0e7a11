"""A plain word means what its writer meant."""

from __future__ import annotations

import pytest

from search_spaces.loading.scalars import NumberError, resolve_scalar


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-3", 0.001),
        ("5E3", 5000.0),
        ("-.5", -0.5),
        ("2.", 2.0),
        ("12", 12),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2020-01-01", "2020-01-01"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_words_follow_the_core_schema_of_yaml_1_2(word: str, value: object) -> None:
    resolved = resolve_scalar(word)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize("word", [".inf", "-.INF", ".nan", "1e999", "9" * 5000, "0x" + "f" * 5000])
def test_numbers_that_no_setting_can_have_are_refused(word: str) -> None:
    with pytest.raises(NumberError, match="must be a"):
        resolve_scalar(word)
