"""Writes the generated parts of docs/spaces.md: every key of a search space and every setting of every method.

    python -m scripts.spaces_reference [--check]

A part stands between ``<!-- generated: NAME -->`` and ``<!-- /generated -->``. Keys, defaults, values and meanings are
those of the JSON schema, which is made from the code that checks a space; those of settings are the methods' own. A new
meaning is written into the docstring of its section (``Attributes:``), or beside the setting. ``--check`` writes
nothing; exit code 1 if the page is not up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.planning.method_catalogue import describe_methods
from search_spaces.schema.fields import SLUG
from search_spaces.schema.json_schema import space_schema
from search_spaces.terms.catalogue import MethodSchema, SettingSchema

PAGE = Path(__file__).parents[1] / "docs" / "spaces.md"
FAMILY = ("dmd", "mult", "unimodal", "ridge", "median")
"""The methods whose settings stand in one table; the others have one each."""

_PART = re.compile(r"(<!-- generated: ([\w ]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
_PATTERNS = {
    SLUG: "a name of letters, digits, `.`, `_`, `-`",
    "^test/": "`test/` and a metric",
    "^valid/": "`valid/` and a metric",
}
_NO_KEYS = ("search.parameters", "confirm.seeds")
"""Keys whose value has forms of its own, which their meaning tells."""

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One key or setting as the page shows it, all in Markdown."""

    name: str
    default: str
    values: str
    meaning: str


def write_page(text: str) -> str:
    """The page with its generated parts as they must be. Raises KeyError for a part of another name."""
    parts = dict(generated_parts())
    return _PART.sub(lambda found: f"{found[1]}{parts[found[2]]}\n{found[3]}", text)


def generated_parts() -> Iterator[tuple[str, str]]:
    """Name of a part -> its text."""
    rows = list(key_rows())
    for section in ("data", "model", "arms", "search", "confirm", "limits", "resources", "tracking", "plugins"):
        yield f"keys of {section}", _table("key", [row for row in rows if row.name.partition(".")[0] == section])
    yield "keys of the study", _table("key", [row for row in rows if "." not in row.name and row.name != "plugins"])
    methods = describe_methods().methods
    shared = list(methods["median"].settings)
    family = {name: methods[name] for name in FAMILY}
    own = [name for method in family.values() for name in method.settings if name not in shared]
    yield "settings of every method", _table("setting", (_setting_row(name, methods) for name in shared))
    names = dict.fromkeys(own)
    yield "settings of the family", _table("setting", (_setting_row(name, family, says_whose=True) for name in names))
    yield (
        "settings of the others",
        "\n\n".join(
            f"### `{name}`\n\n{_table('setting', _own_rows(method, shared))}"
            for name, method in methods.items()
            if name not in FAMILY
        ),
    )


def key_rows() -> Iterator[Row]:
    """Every key of a search space, dotted, in the order of the schema; those of entries of a list stand below it."""
    schema = space_schema()
    sections = {name for name, value in schema["properties"].items() if "$ref" in str(value)}
    return (row for row in _rows(schema, schema["$defs"]) if row.name not in sections)


def _rows(schema: Schema, sections: Schema, prefix: str = "") -> Iterator[Row]:
    if "$ref" in schema:
        schema = sections[schema["$ref"].rsplit("/", 1)[1]]
    for option in schema.get("anyOf", ()):
        yield from _rows(option, sections, prefix)
    if isinstance(schema.get("items"), dict):
        yield from _rows(schema["items"], sections, prefix)
    for name, content in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        is_required = name in schema.get("required", ())
        default = "required" if is_required else _default(content.get("default"))
        yield Row(key, default, _values(content, sections), _meaning(content.get("description", "")))
        if key not in _NO_KEYS:
            yield from _rows(content, sections, f"{key}.")


def _default(value: object) -> str:
    if value is None:
        return "absent"
    return "none" if value in ([], {}) else f"`{_plain(value)}`"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _meaning(text: str) -> str:
    return text.replace("``", "`").rstrip(".")


def _values(schema: Schema, sections: Schema) -> str:
    """The values that a key takes, in words."""
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option != {"type": "null"}]
        return " or ".join(dict.fromkeys(_values(option, sections) for option in options))
    if "$ref" in schema:
        return _values(sections[schema["$ref"].rsplit("/", 1)[1]], sections)
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{_plain(value)}`" for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return "a word, number, true or false"
    if kind == "array":
        return f"list of {_plural(_values(schema['items'], sections))}" if schema.get("items") else "list"
    if kind in ("integer", "number"):
        return _number("whole number" if kind == "integer" else "number", *_bounds(schema))
    if kind == "boolean":
        return "`true`, `false`"
    return _text(schema) if kind == "string" else "mapping"


def _plural(values: str) -> str:
    """What the entries of a list are."""
    if values.startswith("list of "):
        return f"lists of {values.removeprefix('list of ')}"
    return {"text": "texts", "mapping": "mappings"}.get(values, f"({values})")


def _bounds(schema: Schema) -> tuple[float | None, bool, float | None]:
    low = schema.get("exclusiveMinimum", schema.get("minimum"))
    return low, "exclusiveMinimum" in schema, schema.get("maximum")


def _text(schema: Schema) -> str:
    if "examples" in schema:
        return f"text, as {', '.join(f'`{example}`' for example in schema['examples'])}"
    if "pattern" in schema:
        return _PATTERNS[schema["pattern"]]
    return f"text of at most {schema['maxLength']} characters" if "maxLength" in schema else "text"


def _number(kind: str, low: float | None, low_exclusive: bool, high: float | None) -> str:
    if low is None and high is None:
        return kind
    if low is None:
        return f"{kind}, at most {_bound(high)}"
    if high is None:
        return f"{kind}, {'above' if low_exclusive else 'at least'} {_bound(low)}"
    if low_exclusive:
        return f"{kind}, above {_bound(low)}, at most {_bound(high)}"
    return f"{kind}, {_bound(low)} to {_bound(high)}"


def _bound(value: float | None) -> str:
    return f"{value:,.15g}" if value is not None and abs(value) >= 1e4 else f"{value:g}"


def _own_rows(method: MethodSchema, shared: Sequence[str]) -> Iterator[Row]:
    """The settings that a method has besides the shared ones."""
    return (_setting_row(name, {method.name: method}) for name in method.settings if name not in shared)


def _setting_row(name: str, methods: Mapping[str, MethodSchema], says_whose: bool = False) -> Row:
    """A setting of all those methods that have it; the other defaults that it has stand behind the first."""
    owners = {method: schema.settings[name] for method, schema in methods.items() if name in schema.settings}
    by_default: dict[str, list[str]] = {}
    for method, setting in owners.items():
        by_default.setdefault(_plain(setting.default), []).append(method)
    (first, _), *others = by_default.items()
    default = "; ".join([f"`{first}`", *(f"{', '.join(names)} `{value}`" for value, names in others)])
    shown = next(iter(owners.values()))
    whose = f" ({', '.join(owners)})" if says_whose else ""
    if name == "preset":
        each = "; ".join(f"{method}: {_allowed(setting)}" for method, setting in owners.items())
        return Row(name, default, each if says_whose else _allowed(shown), f"{_meaning(shown.description)}{whose}")
    return Row(name, default, _allowed(shown), f"{_meaning(shown.description)}{whose}")


def _allowed(setting: SettingSchema) -> str:
    if setting.kind == "choice":
        return ", ".join(f"`{choice}`" for choice in setting.choices)
    if setting.kind in ("bool", "text"):
        return {"bool": "`true`, `false`", "text": "text"}[setting.kind]
    kind = "whole number" if setting.kind == "int" else "number"
    return _number(kind, setting.low, setting.low_exclusive, setting.high)


def _table(first: str, rows: Iterable[Row]) -> str:
    lines = [f"| {first} | default | values | meaning |", "|---|---|---|---|"]
    for row in rows:
        cells = (f"`{row.name}`", row.default, row.values, row.meaning)
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Write the page, or with ``--check`` say whether it is up to date."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = write_page(text)
    if "--check" in sys.argv[1:]:
        sys.exit(0 if wanted == text else f"{PAGE}: not up to date; run: make reference")
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
