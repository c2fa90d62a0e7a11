"""``search.parameters``: settings with where they are searched, the word ``default``, or both.

``default`` and ``{default: true}`` are the same: every arm is searched over the distributions that its own method
declares. Beside it, a setting that the file names goes before the declared one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, PlainValidator

from search_spaces.schema.conditions import SearchedParameter, parse_parameter
from search_spaces.schema.fields import broken
from search_spaces.terms.problems import show, suggest
from search_spaces.terms.trial import Value

DEFAULT = "default"


@dataclass(frozen=True)
class _Switch:
    """What stands under the key ``default``, which a type of single entries could not tell from a setting's."""

    value: Any


def _mark_default(value: Any) -> Any:
    if value == DEFAULT:
        return {DEFAULT: _Switch(True)}
    if isinstance(value, str):
        message = f"must be a mapping of `setting: distribution` or the word `{DEFAULT}`, got {show(value)}"
        raise broken(f"{message}; {suggest(value, [DEFAULT])}")
    if isinstance(value, dict) and DEFAULT in value and not isinstance(value[DEFAULT], dict):
        return {**value, DEFAULT: _Switch(value[DEFAULT])}
    return value


def _entry(value: Any) -> SearchedParameter | bool:
    if isinstance(value, SearchedParameter):
        return value
    if isinstance(value, _Switch):
        if value.value is not True:
            raise broken(f"must be true or absent, got {show(value.value)}; remove it or write {DEFAULT}: true")
        return True
    try:
        return parse_parameter(value)
    except ValueError as error:
        raise broken(str(error)) from error


def _declare(entry: SearchedParameter | bool) -> dict[str, Any] | bool:
    return entry.declare() if isinstance(entry, SearchedParameter) else entry


Parameters = Annotated[
    dict[
        str,
        Annotated[
            SearchedParameter | bool,
            PlainValidator(
                _entry, json_schema_input_type=bool | dict[str, list[Value] | dict[str, Value | list[Value]]]
            ),
            PlainSerializer(_declare, return_type=bool | dict[str, Any]),
        ],
    ],
    BeforeValidator(_mark_default),
]
"""Setting -> parameter; true under ``default``."""
