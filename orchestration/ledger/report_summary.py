"""What a written report says, in a file that is read in no time: ``summary.json`` beside ``report.md``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.ledger.file_names import LEDGER_FILE, SUMMARY_FILE
from orchestration.ledger.progress import StudyProgress
from orchestration.process.atomic_files import write_whole


@dataclass(frozen=True)
class ReportSummary:
    """What ``dmd-search list`` shows of a study whose ledger has not grown since the report.

    Attributes:
        answer: of the report, one sentence each.
        progress: of the study when the report was written.
    """

    answer: tuple[str, ...]
    progress: StudyProgress


def write_summary(directory: Path, answer: Sequence[str], progress: StudyProgress) -> None:
    """Write it for the report of the study in ``directory``; the same ledger gives the same bytes. Raises OSError."""
    content = {
        "answer": list(answer),
        "ledger_bytes": progress.size,
        "ended": progress.ended,
        "running": list(progress.running),
        "num_planned": progress.num_planned,
        "limit": progress.limit,
        "last_ms": progress.last_ms,
    }
    write_whole(directory / SUMMARY_FILE, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


def read_summary(directory: Path) -> ReportSummary | None:
    """The summary of the study's report; None where there is none, or it is of a shorter ledger."""
    path = directory / SUMMARY_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["ledger_bytes"] != (directory / LEDGER_FILE).stat().st_size:
            return None
        counts = {status: int(content["ended"][status]) for status in ("completed", "pruned", "failed")}
        planned, last, limit = content["num_planned"], content["last_ms"], content["limit"]
        progress = StudyProgress(
            ended=counts,
            running=dict.fromkeys(map(str, content["running"])),
            num_planned=None if planned is None else int(planned),
            limit=None if limit is None else str(limit),
            last_ms=None if last is None else int(last),
            size=content["ledger_bytes"],
        )
        return ReportSummary(tuple(map(str, content["answer"])), progress)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
