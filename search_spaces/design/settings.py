"""Settings of a method against its catalogue entry: names, kinds, bounds, and the full set that results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from search_spaces.schema.schema import Method
from search_spaces.terms.catalogue import MethodSchema, SettingSchema
from search_spaces.terms.problems import show, suggest
from search_spaces.terms.trial import Value


def check_value(schema: SettingSchema, value: Value) -> str | None:
    """What is wrong with one value of one setting, or None."""
    if schema.kind == "bool":
        return None if isinstance(value, bool) else f"must be true or false, got {show(value)}"
    if schema.kind == "text":
        return None if isinstance(value, str) and value.strip() else f"must be a text, got {show(value)}"
    if schema.kind == "choice":
        if isinstance(value, str) and value in schema.choices:
            return None
        return f"must be one of {', '.join(schema.choices)}, got {show(value)}; {suggest(str(value), schema.choices)}"
    if isinstance(value, (bool, str)):
        return f"must be a {_noun(schema)}, got {show(value)}"
    if schema.kind == "int" and not isinstance(value, int):
        return f"must be a whole number, got {show(value)}; drop the decimals"
    return _check_bounds(schema, value)


def _noun(schema: SettingSchema) -> str:
    return "whole number" if schema.kind == "int" else "number"


def _check_bounds(schema: SettingSchema, value: float) -> str | None:
    if schema.low is not None and (value < schema.low or (schema.low_exclusive and value == schema.low)):
        rule = "greater than" if schema.low_exclusive else "at least"
        return f"must be {rule} {schema.low:g}, got {show(value)}"
    if schema.high is not None and value > schema.high:
        return f"must be at most {schema.high:g}, got {show(value)}"
    return None


def coerce(schema: SettingSchema, value: Value) -> Value:
    """``1`` as ``1.0`` for a setting of kind float, so that equal configurations have equal ids."""
    return float(value) if schema.kind == "float" and not isinstance(value, str) else value


def fixed_settings(method: MethodSchema, specs: Iterable[Method]) -> dict[str, Value]:
    """What the sections fix, later ones winning: the preset's settings, then the section's own."""
    fixed: dict[str, Value] = {}
    for spec in specs:
        if spec.preset is not None:
            fixed |= method.presets.get(spec.preset, {})
            if "preset" in method.settings:
                fixed["preset"] = spec.preset
        fixed |= spec.settings
    return {name: coerce(method.settings[name], value) for name, value in fixed.items() if name in method.settings}


def full_settings(method: MethodSchema, fixed: Mapping[str, Value]) -> dict[str, Value]:
    """Every setting of the method: defaults, overlaid by what is fixed."""
    return {name: schema.default for name, schema in method.settings.items()} | dict(fixed)


def known_presets(method: MethodSchema) -> tuple[str, ...]:
    """Names that ``preset:`` may take."""
    schema = method.settings.get("preset")
    return tuple(sorted({*method.presets, *(schema.choices if schema else ())}))
