"""A study as it was recorded, wherever it was recorded: all that its report needs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.finished_trials import read_finished
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.process.errors import UsageError
from reports.records.details import ReadDetails, details_in
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription


@dataclass(frozen=True)
class RecordedStudy:
    """A study read back from its directory or from MLflow.

    Attributes:
        origin: where it was read, as the user knows it.
        manifest: what it was started with.
        records: of every trial that has ended.
        read_details: id of a trial -> its per-item outputs; None if none were kept.
    """

    origin: str
    manifest: Manifest
    records: tuple[RunRecord, ...]
    read_details: ReadDetails

    @property
    def description(self) -> StudyDescription:
        return self.manifest.description


def say_on_stderr(notice: str) -> None:
    """Tell the user."""
    print(notice, file=sys.stderr)


def read_directory(directory: Path, notify: Callable[[str], None] = say_on_stderr) -> RecordedStudy:
    """The study in a directory: manifest, ledger, details. ``notify`` is told in lines what the ledger lacks.

    Raises UsageError where there is no study, LedgerError for a ledger that cannot be read.
    """
    study_directory = StudyDirectory(directory)
    manifest = study_directory.read_manifest()
    if manifest is None:
        raise UsageError(f"{directory}: no study here (manifest.json is missing); run dmd-search first")
    finished = read_finished(directory / LEDGER_FILE)
    for notice in finished.notices:
        notify(notice)
    details = details_in(study_directory.artifacts)
    manifest = manifest.ended_at(finished.limit or "", finished.wall_s)
    return RecordedStudy(str(directory), manifest, finished.records, details)
