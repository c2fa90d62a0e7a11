"""Results in the ledgers of other studies on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.driver.reusable_results import FindResult, ReusableResult
from orchestration.ledger.errors import require_plain, wrap_format_errors
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.study_directory import StudyDirectory, weights_path
from orchestration.ledger.trial_json import trial_from_json
from orchestration.process.errors import UsageError
from reports.records.details import details_in
from reports.records.serialise import record_from_json
from search_spaces.terms.trial import Trial


@dataclass(frozen=True)
class _Stored:
    directory: Path
    record: Mapping[str, Any]


def results_in(directory: Path, context: str) -> FindResult:
    """The completed trials under ``directory``: a study, or a folder of studies. context: only trials with this one.

    Raises UsageError where there is no study or none that may be read, LedgerError for a ledger that is damaged or says
    what none says.
    """
    stored: dict[str, _Stored] = {}
    for ledger in ledgers_in(directory):
        with _readable(directory):
            for result_id, record in _completed(ledger, context).items():
                stored.setdefault(result_id, _Stored(ledger.parent, record))

    def find(trial: Trial) -> ReusableResult | None:
        held = stored.get(trial.result_id)
        if held is None:
            return None
        record = record_from_json(held.record)
        artifacts = StudyDirectory(held.directory).artifacts
        read, weights = details_in(artifacts), weights_path(artifacts, record.trial_id)
        origin = record.reused_from or f"study {record.study} in {held.directory.name}"
        return ReusableResult(
            record,
            origin,
            read_details=lambda: read(record.trial_id),
            read_weights=lambda: weights.read_bytes() if weights.is_file() else None,
        )

    return find


def ledgers_in(directory: Path) -> list[Path]:
    """The ledger of a study, or those of the studies in a folder. Raises UsageError where there is none."""
    own = directory / LEDGER_FILE
    with _readable(directory):
        ledgers = [own] if own.exists() else sorted(directory.glob(f"*/{LEDGER_FILE}"))
    if not ledgers:
        raise UsageError(f"--reuse {directory}: no study there (no {LEDGER_FILE}); name a directory like runs/<study>")
    return ledgers


@contextmanager
def _readable(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"--reuse {directory}: cannot be read ({error.strerror}); correct its permissions") from error


def _completed(ledger: Path, context: str) -> dict[str, Mapping[str, Any]]:
    """Result id -> stored record of every trial that was trained to its end under ``context``."""
    result_ids: dict[str, str] = {}
    records: dict[str, Mapping[str, Any]] = {}
    require_plain(ledger)
    with wrap_format_errors(ledger):
        for event, _ in read_events(ledger, kinds=("ask", "tell")):
            if event.kind == "ask":
                trial = trial_from_json(event.data["trial"])
                if trial.context == context:
                    result_ids[trial.id] = trial.result_id
            elif event.trial_id in result_ids and record_from_json(event.data["record"]).status == "completed":
                records[result_ids[event.trial_id]] = event.data["record"]
    return records
