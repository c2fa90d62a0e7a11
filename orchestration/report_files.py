"""A study directory to its report: manifest and ledger in, ``report.md`` and tables out."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from orchestration.errors import UsageError
from orchestration.finished import read_finished
from orchestration.importance import importance_methods
from orchestration.ledger import LEDGER_FILE
from orchestration.tracking.credentials import without_credentials
from orchestration.tracking.delivery import store_of
from orchestration.tracking.report_delivery import attach_report
from orchestration.workspace import Workspace
from reports.details import details_in
from reports.write import write_report


def deliver_report(workspace: Workspace, uri: str | None) -> str | None:
    """Attach the written report to the study's run in MLflow. uri: None for the store in the study's directory.

    One line saying why it could not be, or None. Nothing that goes wrong there may cost the user the report.
    """
    manifest = workspace.read_manifest()
    assert manifest is not None, "a report was written from it"
    store = store_of(workspace.directory, uri)
    try:
        attach_report(store, manifest.description, workspace.directory)
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return (
            f"tracking: the report is not yet in MLflow at {without_credentials(store)} "
            f"({without_credentials(reason)}); run the same command again to attach it"
        )
    return None


def rebuild_report(workspace: Workspace) -> Path:
    """Write the report of what the ledger and the details of its trials hold; the same ones give the same bytes.

    Raises UsageError where there is no study.
    """
    manifest = workspace.read_manifest()
    if manifest is None:
        raise UsageError(f"{workspace.directory}: no study here (manifest.json is missing); run dmd-search first")
    finished = read_finished(workspace.directory / LEDGER_FILE)
    if finished.notice:
        print(finished.notice, file=sys.stderr)
    description = replace(manifest.description, ended_by=finished.limit or "")
    try:
        return write_report(
            description, finished.records, workspace.directory, details_in(workspace.artifacts), importance_methods()
        )
    except ValueError as error:
        raise UsageError(f"{workspace.directory}: the ledger contradicts itself: {error}") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise UsageError(f"{workspace.directory}: the report cannot be written: {error.strerror}{where}") from error
