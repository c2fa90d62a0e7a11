"""Where the numbers come from: data, environment, fixed settings, and the command that makes them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from reports.records.record import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.run_log.origins import row_commands, trace_cells
from reports.sections.run_log.values import Provenance

_COMMAND_KEYS = ("command_line", "command")


def describe_provenance(study: StudyDescription, results: ResultsTable, metrics: Sequence[Metric]) -> Provenance:
    """Where the numbers come from; nested mappings are flattened to dotted keys, in key order.

    Args:
        study, results: what was planned, and the runs.
        metrics: those whose cell means are given.
    """
    command = command_of(study)
    environment = {key: value for key, value in study.provenance.items() if key not in _COMMAND_KEYS}
    return Provenance(
        _flatten(study.data),
        _flatten(environment),
        _flatten(study.fixed),
        command,
        row_commands(study, results, command),
        trace_cells(study, results, metrics),
    )


def command_of(study: StudyDescription) -> str:
    """What ran the study, a line per study that was merged; empty if not recorded."""
    if study.parts:
        return "\n".join(part.command for part in study.parts if part.command)
    recorded = next((study.provenance[key] for key in _COMMAND_KEYS if study.provenance.get(key)), "")
    return recorded if isinstance(recorded, str) else shlex.join(str(word) for word in recorded)


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
