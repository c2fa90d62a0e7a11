"""Settings of a method against its catalogue entry: names, kinds, bounds, and the full set that results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from search_spaces.schema.schema import Method
from search_spaces.terms.catalogue import MethodSchema, SettingSchema
from search_spaces.terms.problems import show, suggest
from search_spaces.terms.trial import Value


def check_value(schema: SettingSchema, value: Value) -> str | None:
    """What is wrong with one value of one setting and what to do, or None."""
    rule = schema.find_problem(value)
    if rule is None:
        return None
    return f"{rule}, got {show(value)}{_remedy(schema, value)}"


def _remedy(schema: SettingSchema, value: Value) -> str:
    if schema.kind == "choice":
        return f"; {suggest(str(value), schema.choices)}"
    return "; drop the decimals" if schema.kind == "int" and isinstance(value, float) else ""


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
