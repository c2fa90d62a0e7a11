"""Whether a driver works on a study, asked without writing anything."""

from __future__ import annotations

from pathlib import Path

from orchestration.ledger.ledger import LOCK_FILE, lock_refusal
from orchestration.process.file_lock import lock


def require_no_driver(directory: Path) -> None:
    """Raise what a second driver would be told where a driver works on the study in ``directory``: LedgerLocked."""
    path = directory / LOCK_FILE
    if not path.is_file():
        return
    with path.open("rb") as file:
        try:
            lock(file, wait=False, shared=True)
        except OSError as error:
            raise lock_refusal(directory, file, error) from None
