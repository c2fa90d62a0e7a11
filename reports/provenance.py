"""Where the numbers come from: data, environment, fixed settings, and the command that makes them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from reports.record import StudyDescription
from reports.report import Provenance

_COMMAND_KEYS = ("command_line", "command")


def describe_provenance(study: StudyDescription) -> Provenance:
    """Nested mappings are flattened to dotted keys, in key order."""
    command = next((study.provenance[key] for key in _COMMAND_KEYS if study.provenance.get(key)), "")
    environment = {key: value for key, value in study.provenance.items() if key not in _COMMAND_KEYS}
    return Provenance(
        _flatten(study.data),
        _flatten(environment),
        _flatten(study.fixed),
        command if isinstance(command, str) else shlex.join(str(word) for word in command),
    )


def _flatten(content: Mapping[str, Any], prefix: str = "") -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for key in sorted(content):
        value = content[key]
        if isinstance(value, Mapping):
            pairs.extend(_flatten(value, f"{prefix}{key}."))
        elif isinstance(value, (list, tuple)):
            pairs.append((f"{prefix}{key}", ", ".join(str(item) for item in value)))
        else:
            pairs.append((f"{prefix}{key}", str(value)))
    return tuple(pairs)
