"""A study directory to its report: manifest and ledger in, ``report.md`` and tables out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestration.errors import UsageError
from orchestration.importance import importance_methods
from orchestration.ledger import LEDGER_FILE, read_events
from orchestration.ledger_state import REPORT_KINDS, fold_events
from orchestration.workspace import Workspace
from reports.details import details_in
from reports.write import write_report


def rebuild_report(workspace: Workspace) -> Path:
    """Write the report of what the ledger and the details of its trials hold; the same ones give the same bytes.

    Raises UsageError where there is no study.
    """
    manifest = workspace.read_manifest()
    if manifest is None:
        raise UsageError(f"{workspace.directory}: no study here (manifest.json is missing); run dmd-search first")
    ledger = workspace.directory / LEDGER_FILE
    events = (event for event, _ in read_events(ledger, kinds=REPORT_KINDS)) if ledger.exists() else ()
    state = fold_events(events)
    description = replace(manifest.description, ended_by=state.limit or "")
    try:
        return write_report(
            description, state.records(), workspace.directory, details_in(workspace.artifacts), importance_methods()
        )
    except ValueError as error:
        raise UsageError(f"{workspace.directory}: the ledger contradicts itself: {error}") from error
