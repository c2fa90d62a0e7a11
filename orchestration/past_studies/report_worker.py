"""The process of :class:`orchestration.past_studies.reporter.ReportProcess`, which writes and delivers a report.

    python -m orchestration.past_studies.report_worker

It reads which study it is, then a question per line, and answers each with a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.remembered_results import RememberedResults
from orchestration.past_studies.reporter import DELIVER
from orchestration.past_studies.write_report import deliver_report, look_ahead, on_all_processors, rebuild_report
from orchestration.process.errors import UsageError
from orchestration.process.logs import quiet_libraries
from orchestration.tracking.delivery import connect, import_client
from orchestration.tracking.sqlite_store import STORE_FILE, opened_store, store_of
from reports.in_turn import MapItems


def main() -> None:
    """Answer until the input ends."""
    quiet_libraries()
    # Standard output is for answers alone.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    directory, uri = json.loads(sys.stdin.readline())
    study = StudyDirectory(Path(directory))
    map_items = RememberedResults(on_all_processors)
    _get_ready(study, uri, map_items)
    for line in sys.stdin:
        print(json.dumps(_answer_to(json.loads(line), study, uri, map_items)), file=answers, flush=True)


def _get_ready(study: StudyDirectory, uri: str | None, map_items: MapItems) -> None:
    """Do what a report of this study needs and what can be done before it is complete.

    It only saves time: what fails here fails again, and is told, where the report is written.
    """
    with contextlib.suppress(Exception):
        import_client(store_of(study.path, uri))
        if uri is None and (study.path / STORE_FILE).is_file():
            with opened_store(study.path, uri) as address:
                connect(address)
    with contextlib.suppress(Exception):
        manifest = study.read_manifest()
        if manifest is not None and manifest.description.search:
            from orchestration.search import optuna_importance  # noqa: F401
        look_ahead(study, map_items)


def _answer_to(question: Sequence[Any], study: StudyDirectory, uri: str | None, map_items: MapItems) -> dict[str, Any]:
    kind, *details = question
    if kind == DELIVER:
        return {"said": deliver_report(study, details[0], uri)}
    try:
        report = rebuild_report(study, map_items)
    except UsageError as error:
        return {"refused": str(error)}
    return {"path": str(report.path), "answer": list(report.answer)}


if __name__ == "__main__":
    main()
