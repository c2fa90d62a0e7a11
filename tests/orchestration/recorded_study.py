"""A study directory as a finished study leaves it, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.ledger.ledger import Ledger
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from reports.records.run_record import RunRecord
from reports.records.serialise import record_to_json
from reports.records.study_description import StudyDescription


def write_recorded(directory: Path, study: StudyDescription, records: Sequence[RunRecord]) -> Path:
    """Manifest and ledger of ``study`` with ``records``; returns the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    StudyDirectory(directory).write_manifest(Manifest(study, {}, {}))
    with Ledger(directory) as ledger:
        ledger.append("start", {"study": study.study})
        for record in records:
            asked = {
                "id": record.trial_id,
                "arm": record.arm,
                "model": record.model,
                "stage": record.stage,
                "settings": dict(record.settings),
                "parameters": dict(record.parameters),
                "seed": record.seed,
                "repeat": record.repeat,
                "fold": record.fold,
                "context": "made up",
            }
            ledger.append("ask", {"trial_id": record.trial_id, "trial": asked})
            ledger.append("attempt", {"trial_id": record.trial_id})
            for point in record.epochs:
                report = {"epoch": point.epoch, "metrics": dict(point.metrics), "duration_s": 1.0}
                ledger.append("report", {"trial_id": record.trial_id, **report})
            ledger.append("tell", {"trial_id": record.trial_id, "record": record_to_json(record)}, durable=True)
    return directory
