"""The shape of a search space as a JSON schema, for editors that complete and check while one types.

    python -m search_spaces.schema.json_schema > search_spaces/space.schema.json

writes the one that the packaged spaces name; ``dmd-search --schema`` prints one that also knows the settings of every
method. What a schema cannot say (arms, budgets, conditions) is checked when a space is loaded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from search_spaces.schema.parameters import DEFAULT
from search_spaces.schema.schedulers import scheduler_schema
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue, MethodSchema, SettingSchema

Json = dict[str, Any]

SCHEMA_FILE = Path(__file__).parents[1].joinpath("space.schema.json")
_SHORT_FORMS = ("Method", "ModelArm", "Folds")
"""Sections that may be written as one word."""
_SCALAR: Json = {"type": ["boolean", "number", "string"]}
_RANGE: Json = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_WHOLE_RANGE: Json = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
_FORMS: Mapping[str, Json] = {
    "log_uniform": _RANGE,
    "uniform": _RANGE,
    "int": _WHOLE_RANGE,
    "choice": {"type": "array", "items": _SCALAR, "minItems": 2},
}


def space_schema(catalogue: Catalogue | None = None) -> Json:
    """The schema; with a catalogue it names methods, their settings and the metrics."""
    schema: Json = _without_titles(SearchSpace.model_json_schema())
    sections: Json = schema["$defs"]
    sections["Search"]["properties"]["parameters"] = _parameters()
    sections["Search"]["properties"]["scheduler"] = scheduler_schema()
    sections["Search"]["properties"]["objective"] = _objective(catalogue)
    sections["Confirm"]["properties"]["seeds"] = _seeds()
    schema["properties"]["primary"] |= _metric("test", catalogue)
    for name in ("Method", "ModelArm"):
        _describe_keys(sections[name])
        sections[name] = _method_section(sections[name], catalogue)
    for section in (schema, *sections.values()):
        _allow_null(section)
        _describe_keys(section)
    for name in _SHORT_FORMS:
        sections[name] = {"anyOf": [{"type": "string"}, sections[name]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A search space of dmd-search",
        **schema,
    }


def _without_titles(part: Any, is_mapping_of_names: bool = False) -> Any:
    """Remove the titles that pydantic gives every field: they repeat its name."""
    if isinstance(part, list):
        return [_without_titles(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _without_titles(value, is_mapping_of_names=key in ("properties", "$defs"))
        for key, value in part.items()
        if is_mapping_of_names or key != "title"
    }


def _allow_null(section: Json) -> None:
    """In place: a key without a value counts as absent, so it may stand wherever the key is not required."""
    required = section.get("required", ())
    for name, content in section.get("properties", {}).items():
        if name not in required and {"type": "null"} not in content.get("anyOf", ()):
            outer = {key: content.pop(key) for key in ("default", "description") if key in content}
            section["properties"][name] = {"anyOf": [content, {"type": "null"}], **outer}


def _describe_keys(section: Json) -> None:
    """In place: the lines under ``Attributes:`` of a section's docstring become the descriptions of its keys."""
    text, _, attributes = section.get("description", "").partition("\n\nAttributes:\n")
    if not attributes:
        return
    section["description"] = text
    for names, meaning in re.findall(r"^    ([\w, ]+): ((?:.|\n)+?)(?=\n    \w|\Z)", attributes, re.MULTILINE):
        for name in names.split(", "):
            section["properties"][name]["description"] = " ".join(meaning.split())


def _parameters() -> Json:
    default = {"anyOf": [{"const": True}, {"type": "object"}], "description": "What each method declares for its arms."}
    named = {
        "type": "object",
        "properties": {DEFAULT: default},
        "additionalProperties": _parameter(),
        "minProperties": 1,
        "maxProperties": 100,
    }
    return {"anyOf": [{"const": DEFAULT}, named]}


def _parameter() -> Json:
    when = {"type": "object", "minProperties": 1, "description": "Exists only where these settings have these values."}
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {form: arguments, "when": when},
                "required": [form],
                "additionalProperties": False,
            }
            for form, arguments in _FORMS.items()
        ]
    }


def _metric(part: str, catalogue: Catalogue | None) -> Json:
    if catalogue is None:
        return {"type": "string", "pattern": f"^{part}/"}
    named = {"enum": [f"{part}/{metric}" for metric in catalogue.metrics]}
    if not catalogue.metric_families:
        return named
    families = "|".join(catalogue.metric_families)
    return {"anyOf": [named, {"type": "string", "pattern": f"^{part}/({families}).+$"}]}


def _objective(catalogue: Catalogue | None) -> Json:
    metric = _metric("valid", catalogue)
    further = {"anyOf": [metric, {"enum": ["parameters", "device_seconds"]}]}
    several = {"type": "array", "prefixItems": [metric], "items": further, "minItems": 1}
    return {"anyOf": [metric, several, {"type": "null"}], "default": None}


def _seeds() -> Json:
    bound = {"type": "integer", "minimum": 1}
    race = {
        "type": "object",
        "properties": {"min": bound, "max": bound},
        "required": ["min", "max"],
        "additionalProperties": False,
    }
    several = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
    return {"anyOf": [{"type": "integer", "minimum": 0}, several, race], "default": 5}


def _method_section(section: Json, catalogue: Catalogue | None) -> Json:
    if catalogue is None:
        return {**section, "additionalProperties": {"type": ["boolean", "number", "string", "object", "null"]}}
    own = {name: value for name, value in section["properties"].items() if name not in ("name", "preset")}
    return {
        "description": section["description"],
        "anyOf": [_method(method, own) for method in catalogue.methods.values()],
    }


def _method(method: MethodSchema, own: Json) -> Json:
    settings = [setting for name, setting in method.settings.items() if name != "preset"]
    preset = method.settings.get("preset")
    names = sorted({*method.presets, *(preset.choices if preset else ())})
    properties: Json = {"name": {"const": method.name}, "preset": {"enum": [*names, None]}, **own}
    properties |= {setting.name: _setting(setting) for setting in settings}
    properties |= _nested([(setting.name, setting) for setting in settings])
    return {"type": "object", "properties": properties, "required": ["name"], "additionalProperties": False}


def _nested(settings: Iterable[tuple[str, SettingSchema]]) -> dict[str, Json]:
    """``dropout: {attention: {audio: 0}}`` for ``dropout.attention.audio``: every form may be written."""
    groups: dict[str, list[tuple[str, SettingSchema]]] = {}
    for name, setting in settings:
        prefix, dot, rest = name.partition(".")
        if dot:
            groups.setdefault(prefix, []).append((rest, setting))
    return {
        prefix: {
            "type": "object",
            "properties": {name: _setting(setting) for name, setting in members} | _nested(members),
            "additionalProperties": False,
        }
        for prefix, members in groups.items()
    }


def _setting(setting: SettingSchema) -> Json:
    kinds = {"bool": "boolean", "int": "integer", "float": "number", "text": "string"}
    content: Json = {"enum": list(setting.choices)} if setting.kind == "choice" else {"type": kinds[setting.kind]}
    if setting.low is not None:
        content["exclusiveMinimum" if setting.low_exclusive else "minimum"] = setting.low
    if setting.high is not None:
        content["maximum"] = setting.high
    if setting.description:
        content["description"] = setting.description
    return {**content, "default": setting.default}


def schema_text(catalogue: Catalogue | None = None) -> str:
    """The schema as the text of a file."""
    return json.dumps(space_schema(catalogue), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
