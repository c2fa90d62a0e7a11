"""Remarks of a dry run about the tracking store of a study; only reads it."""

from __future__ import annotations

from pathlib import Path

from orchestration.ledger.state import read_ledger_id
from orchestration.process.redaction import redacted_line, without_credentials
from orchestration.tracking.database import file_of, is_from_mlflow
from orchestration.tracking.delivery import connect
from orchestration.tracking.experiment import is_taken


def describe_store(uri: str, study: str, ledger: Path | None) -> str | None:
    """One line about the store at ``uri``, or None if there is nothing to remark.

    Args:
        uri: MLflow's tracking address.
        study: its name.
        ledger: the study's, which need not exist; None for a study that starts over.
    """
    file = file_of(uri)
    if file is not None and not file.is_file():
        # MLflow would create it.
        return None
    target = without_credentials(uri)
    try:
        taken = is_taken(connect(uri), study, None if ledger is None else read_ledger_id(ledger))
    except Exception as error:
        if not is_from_mlflow(error):
            raise
        reason = redacted_line(error, 200)
        return f"tracking: MLflow at {target} does not answer now ({type(error).__name__}: {reason})"
    if taken:
        return f"tracking: MLflow at {target} has another study {study!r}; this one gets a name of its own there"
    return None
