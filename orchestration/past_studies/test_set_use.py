"""Earlier uses of a test set: how many configurations the other studies of a folder have scored on it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from orchestration.ledger.errors import LedgerError
from orchestration.ledger.file_names import LEDGER_FILE, MANIFEST_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import REPORT_KINDS, fold_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.process.errors import UsageError


def count_test_set_uses(study_directory: StudyDirectory, content_hash: str) -> dict[str, int]:
    """Directory -> configurations that its study scored on test, for the other studies of these data in the folder.

    Studies that ``--fresh`` archived count, because their scores were seen. A directory that cannot be read does not
    count, so the numbers are lower bounds.
    """
    found = {}
    for manifest in sorted(study_directory.path.parent.glob(f"*/{MANIFEST_FILE}")):
        other = StudyDirectory(manifest.parent)
        if other.path.name != study_directory.path.name and _is_of(other, content_hash):
            number = _count_scored(other.path / LEDGER_FILE)
            if number:
                found[other.path.name] = number
    return found


def _is_of(study_directory: StudyDirectory, content_hash: str) -> bool:
    try:
        manifest = study_directory.read_manifest()
    except (UsageError, OSError):
        return False
    return manifest is not None and manifest.description.data.get("content_hash") == content_hash


def _count_scored(ledger: Path) -> int:
    """Configurations with test scores, on the cell that has most of them."""
    try:
        records = fold_events(event for event, _ in read_events(ledger, kinds=REPORT_KINDS)).records()
    except (LedgerError, OSError):
        return 0
    scored: dict[tuple[int, int | None], set[str]] = defaultdict(set)
    for record in records:
        if record.test is not None:
            scored[record.repeat, record.fold].add(record.configuration_id)
    return max((len(configurations) for configurations in scored.values()), default=0)
