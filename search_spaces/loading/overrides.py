"""``--set key=value``: one value of the space, given on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from search_spaces.loading.document import parse_value
from search_spaces.schema.parameters import DEFAULT
from search_spaces.schema.schema import flatten_settings
from search_spaces.terms.problems import OVERRIDE_SOURCE, Problem, SpaceErrors

# Below these the rest of the key is one name, dots included: `model.kernel.audio`, `search.parameters.dropout.output`.
_SECTIONS_OF_NAMES = ("model", "search.parameters", "resources.custom")


def apply_overrides(
    content: Mapping[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], tuple[str, ...], tuple[Problem, ...]]:
    """The content with the overrides in place (later ones win), the paths that were set, and what was wrong."""
    changed: dict[str, Any] = deepcopy(dict(content))
    paths: list[str] = []
    problems: list[Problem] = []
    for override in overrides:
        key, equals, text = override.partition("=")
        path = key.strip()
        if not equals or not path or not all(path.split(".")):
            message = f"must be key=value with a dotted key, got {override!r}; write --set confirm.seeds=3"
            problems.append(Problem(line=None, column=None, path="", message=message, source=OVERRIDE_SOURCE))
            continue
        try:
            value = parse_value(text, OVERRIDE_SOURCE)
        except SpaceErrors as errors:
            problems += [
                Problem(line=None, column=None, path=path, message=problem.message, source=OVERRIDE_SOURCE)
                for problem in errors.problems
            ]
            continue
        message_or_none = _put(changed, _split(path), value)
        if message_or_none:
            problems.append(Problem(line=None, column=None, path=path, message=message_or_none, source=OVERRIDE_SOURCE))
        else:
            paths.append(path)
    return changed, tuple(paths), tuple(problems)


def _split(path: str) -> list[str]:
    for section in _SECTIONS_OF_NAMES:
        if path.startswith(f"{section}."):
            return [*section.split("."), path.removeprefix(f"{section}.")]
    return path.split(".")


def _put(content: dict[str, Any], keys: Sequence[str], value: Any) -> str | None:
    section = content
    for depth, key in enumerate(keys[:-1]):
        inner = section.get(key)
        if inner is None:
            inner = {}
        elif key == "model" and isinstance(inner, str):
            inner = {"name": inner}
        elif inner == DEFAULT and list(keys[: depth + 1]) == ["search", "parameters"]:
            inner = {DEFAULT: True}
        if not isinstance(inner, dict):
            return f"`{'.'.join(keys[: depth + 1])}` is no mapping in this file; set it as a whole"
        # `model.kernel.audio` must replace `kernel: {audio: 3}`, not stand beside it.
        section[key] = inner = flatten_settings(inner) if key == "model" else inner
        section = inner
    section[keys[-1]] = value
    return None
