"""The process of :class:`orchestration.past_studies.reporter.ReportProcess`, which writes and delivers a report.

    python -m orchestration.past_studies.report_worker

It reads which study it is, then a question per line, and answers each with a line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.reporter import DELIVER
from orchestration.past_studies.write_report import deliver_report, rebuild_report
from orchestration.process.errors import UsageError
from orchestration.process.logs import quiet_libraries
from orchestration.tracking.delivery import import_client
from orchestration.tracking.sqlite_store import store_of


def main() -> None:
    """Answer until the input ends."""
    quiet_libraries()
    # Standard output is for answers alone.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    directory, uri = json.loads(sys.stdin.readline())
    study = StudyDirectory(Path(directory))
    _get_ready(study, uri)
    for line in sys.stdin:
        print(json.dumps(_answer_to(json.loads(line), study, uri)), file=answers, flush=True)


def _get_ready(study: StudyDirectory, uri: str | None) -> None:
    """Import what a report of this study needs."""
    import_client(store_of(study.path, uri))
    manifest = study.read_manifest()
    if manifest is not None and manifest.description.search:
        from orchestration.search import optuna_importance  # noqa: F401
    if study.artifacts.is_dir() and any(study.artifacts.iterdir()):
        # What trials kept of every item is looked into.
        from reports.sections.model_inside import probe  # noqa: F401


def _answer_to(question: Sequence[Any], study: StudyDirectory, uri: str | None) -> dict[str, Any]:
    kind, *details = question
    if kind == DELIVER:
        return {"said": deliver_report(study, details[0], uri)}
    try:
        report = rebuild_report(study)
    except UsageError as error:
        return {"refused": str(error)}
    return {"path": str(report.path), "answer": list(report.answer)}


if __name__ == "__main__":
    main()
