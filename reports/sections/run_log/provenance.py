"""Where the numbers come from: data, environment, fixed settings, and the command that makes them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.run_log.kept_spaces import kept_spaces
from reports.sections.run_log.origins import row_commands, trace_cells
from reports.sections.run_log.values import Provenance, Sitting

_COMMAND_KEYS = ("command_line", "command")


def describe_provenance(study: StudyDescription, results: ResultsTable, metrics: Sequence[Metric]) -> Provenance:
    """Where the numbers come from; nested mappings are flattened to dotted keys, in key order.

    Args:
        study, results: what was planned, and the runs.
        metrics: those whose cell means are given.
    """
    command = command_of(study)
    kept = [space for space in kept_spaces(study)[0 if study.parts else -1 :] if space.path]
    environment = {key: value for key, value in study.provenance.items() if key not in _COMMAND_KEYS}
    return Provenance(
        data=_flatten(study.data),
        environment=_flatten(environment),
        fixed=_flatten(study.fixed),
        command=command,
        rows=row_commands(study, results, command),
        cells=trace_cells(study, results, metrics),
        sittings=sittings_of(study),
        spaces=tuple(space.path for space in kept),
        has_plugins=any(space.has_plugins for space in kept),
    )


def command_of(study: StudyDescription) -> str:
    """What runs the study as it stands, a line per study that was merged; empty if not recorded.

    Of a study that was extended it is the command that extended it last: it plans all that the earlier ones did.
    """
    if study.parts:
        return "\n".join(part.command for part in study.parts if part.command)
    return study.extensions[-1].command if study.extensions else _first_command(study)


def sittings_of(study: StudyDescription) -> tuple[Sitting, ...]:
    """The commands that planned the study, in their order; empty where one planned it all."""
    if study.parts or not study.extensions:
        return ()
    began = str(study.provenance.get("started", ""))[:10]
    first = Sitting(f"{began}: began the study" if began else "began the study", _first_command(study))
    later = (Sitting(f"{found.date}: {'; '.join(found.added)}", found.command) for found in study.extensions)
    return tuple(
        replace(sitting, space=space.path) for sitting, space in zip((first, *later), kept_spaces(study), strict=True)
    )


def _first_command(study: StudyDescription) -> str:
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
