"""From plain values to a :class:`SearchSpace`: pydantic's errors in the user's words, and what the rest still tells.

A mistake in one section must not hide those in another, so a broken content is validated once more without its broken
parts; the checks against the catalogue then run on what is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from search_spaces.schema.fields import RULE_BROKEN
from search_spaces.schema.schema import SearchSpace, Section, flatten_settings
from search_spaces.terms.problems import Finding, join_path, show, suggest

Location = tuple[str | int, ...]

_PHRASES = {
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "tuple_type": "must be a list, as [a, b]",
    "dict_type": "must be a mapping of `key: value`",
    "model_type": "must be a mapping of `key: value`",
    "string_pattern_mismatch": "must be 1 to 100 letters, digits, `.`, `_`, `-`, beginning with a letter or digit",
}
_PLACEHOLDERS: Mapping[Location, Any] = {
    ("study",): "study",
    ("data",): {"path": "data"},
    ("data", "path"): "data",
    ("arms", "ablation", "design"): "factorial",
}
_MAX_ROUNDS = 4


def validate(content: Mapping[str, Any]) -> tuple[SearchSpace | None, tuple[Finding, ...]]:
    """The space, and every finding of the schema.

    With findings, the space is what remains without the broken parts (good enough to look for further mistakes, never
    to run); None if too little remains.
    """
    remaining = {key: deepcopy(value) for key, value in content.items()}
    if isinstance(remaining.get("model"), dict):
        remaining["model"] = flatten_settings(remaining["model"])
    findings: tuple[Finding, ...] = ()
    for _ in range(_MAX_ROUNDS):
        try:
            return SearchSpace.model_validate(remaining), findings
        except ValidationError as error:
            details = error.errors(include_url=False)
        # Errors of later rounds are consequences of taking the broken parts out.
        findings = findings or tuple(_describe(detail) for detail in details)
        if not all(_repair(remaining, detail["loc"], detail["type"]) for detail in details):
            break
    return None, findings


def _repair(content: dict[str, Any], location: Location, kind: str) -> bool:
    """Take the broken part out, or put a placeholder in; False if neither is possible."""
    if location in _PLACEHOLDERS:
        *parents, last = location
        section = content
        for parent in parents:
            section = section[str(parent)]
        section[str(last)] = deepcopy(_PLACEHOLDERS[location])
        return True
    if location[:1] == ("model",) and (len(location) == 1 or location[1] == "name"):
        return False
    keys: list[str] = []
    for part in location:
        # A list loses its meaning with a gap, so it goes as a whole.
        if isinstance(part, int):
            break
        keys.append(part)
    if kind == "missing" and keys == list(location):
        keys = keys[:-1]
    return _remove(content, keys)


def _remove(content: dict[str, Any], keys: Sequence[str]) -> bool:
    section = content
    for depth, key in enumerate(keys, start=1):
        inner = section.get(key)
        if depth == len(keys) or not isinstance(inner, dict):
            # A section in its short form (`folds: file`) has no keys of its own, so it goes as a whole.
            section.pop(key, None)
            break
        section = inner
    return bool(keys)


def _describe(detail: ErrorDetails) -> Finding:
    location, kind, value = detail["loc"], detail["type"], detail["input"]
    path = join_path(*location)
    if kind == RULE_BROKEN:
        return Finding(path, detail["msg"])
    if kind == "missing":
        return Finding(path, f"the required key is missing; add `{location[-1]}: ...`", at_key=True)
    if kind == "extra_forbidden":
        key, homes = str(location[-1]), _sections_with(str(location[-1])) if len(location) == 1 else []
        hint = f"write it into `{homes[0]}`" if len(homes) == 1 else suggest(key, _keys_at(location[:-1]))
        return Finding(path, f"unknown key; {hint}", at_key=True)
    if kind == "literal_error":
        options = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
        return Finding(path, f"must be one of {', '.join(options)}, got {show(value)}; {suggest(str(value), options)}")
    phrase = _PHRASES.get(kind) or _from_pydantic(detail["msg"])
    return Finding(path, f"{phrase}, got {show(value)}{_remedy(kind, value)}")


def _from_pydantic(message: str) -> str:
    return re.sub(r"^\w+ should", "must", message)


def _remedy(kind: str, value: Any) -> str:
    if kind == "bool_type" and isinstance(value, str) and value.casefold() in ("yes", "on", "y"):
        return "; write true"
    if kind == "bool_type" and isinstance(value, str) and value.casefold() in ("no", "off", "n"):
        return "; write false"
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return "; put it in quotes"
    if kind in ("int_type", "float_type") and isinstance(value, str):
        return "; write it without quotes and units"
    return ""


def _keys_at(location: Location) -> tuple[str, ...]:
    """The keys that the section at ``location`` may have."""
    section: type[Section] | None = SearchSpace
    for part in location:
        if isinstance(part, int):
            continue
        fields = section.model_fields if section else {}
        section = _section_in(fields[part].annotation) if part in fields else None
    return section.spellings() if section else ()


def _sections_with(key: str) -> list[str]:
    """The sections of a space that have a key of that name."""
    return [
        name
        for name, field in SearchSpace.model_fields.items()
        if (section := _section_in(field.annotation)) is not None and key in section.spellings()
    ]


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_in(part))), None)
