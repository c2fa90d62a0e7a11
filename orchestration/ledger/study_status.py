"""What state a study is in, read from its directory beside whoever works on it; nothing is written or locked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.ledger.best_so_far import BestSoFar, find_best
from orchestration.ledger.events import EventKind
from orchestration.ledger.file_names import LEDGER_FILE, MANIFEST_FILE, REPORT_FILE
from orchestration.ledger.lock_holder import find_driver
from orchestration.ledger.progress import StudyProgress, read_progress, sound_events
from orchestration.ledger.report_summary import read_summary
from reports.results.metrics import known_metric

State = Literal["running", "done", "at its limit", "stopped", "damaged", "not begun"]
"""``stopped``: trials are left, and no driver on this machine works on them."""


_TELLS: tuple[EventKind, ...] = ("tell",)


@dataclass(frozen=True)
class StudyStatus:
    """A study as it is now.

    Attributes:
        name, directory: of the study; its directory's name is its name.
        state: see :data:`State`.
        progress: its counts.
        num_planned: trials that there will be at most; None if not recorded.
        pid, host: of the driver that works on it; None if there is none on this machine.
        best: None before a trial is complete, or where it was not asked for.
        answer: of the report, one sentence each; empty without a report of all that has ended.
        report: path of ``report.md``; None if there is none.
        is_reported: whether the report is of all trials that have ended.
    """

    name: str
    directory: Path
    state: State
    progress: StudyProgress
    num_planned: int | None
    pid: int | None
    host: str | None
    best: BestSoFar | None
    answer: tuple[str, ...]
    report: Path | None
    is_reported: bool

    def left_s(self, now_ms: int) -> float | None:
        """Seconds until all is done, at the pace of the latest session; None where the pace is not known."""
        if self.state == "done":
            return 0.0
        at_ms = now_ms if self.state == "running" else self.progress.last_ms
        return None if at_ms is None or self.num_planned is None else self.progress.left_s(self.num_planned, at_ms)


def read_status(directory: Path, always_finds_best: bool = True) -> StudyStatus:
    """The state of the study in ``directory``.

    always_finds_best: whether all results are decoded to find the best one also where a report answers already, which
    takes most of the time.
    """
    summary = read_summary(directory)
    # Before the ledger is read: a driver that ends meanwhile has then written all.
    pid = find_driver(directory)
    progress = read_progress(directory / LEDGER_FILE) if summary is None or pid is not None else summary.progress
    manifest = _read_manifest(directory)
    planned = _planned(progress, manifest)
    answer = summary.answer if summary is not None else ()
    best = _best(directory, manifest) if always_finds_best or not answer else None
    report = directory / REPORT_FILE
    is_reported = summary is not None or _is_newer(report, directory / LEDGER_FILE)
    return StudyStatus(
        name=directory.name,
        directory=directory,
        state=_state(progress, planned, pid, is_reported),
        progress=progress,
        num_planned=planned,
        pid=pid,
        host=str(progress.session["host"]) if pid is not None and "host" in progress.session else None,
        best=best,
        answer=answer,
        report=report if report.is_file() else None,
        is_reported=is_reported,
    )


def find_studies(out: Path) -> Iterator[Path]:
    """The directories of studies in the folder ``out``, by name. Raises OSError where it cannot be read."""
    for path in sorted(out.iterdir()):
        if is_study(path):
            yield path


def is_study(directory: Path) -> bool:
    """Whether a study was begun in ``directory``."""
    return (directory / MANIFEST_FILE).is_file() or (directory / LEDGER_FILE).is_file()


def _state(progress: StudyProgress, planned: int | None, pid: int | None, is_reported: bool) -> State:
    if pid is not None:
        return "running"
    if progress.problem is not None:
        return "damaged"
    if progress.last_ms is None:
        return "not begun"
    if planned is not None and progress.num_ended >= planned:
        return "done"
    # A race or a grid may take fewer trials than planned; an interrupted session writes no report.
    if is_reported and not progress.running and progress.limit is None:
        return "done"
    return "stopped" if progress.limit is None else "at its limit"


def _read_manifest(directory: Path) -> Mapping[str, Any]:
    """The manifest's description, unchecked; empty where it cannot be read."""
    path = directory / MANIFEST_FILE
    if not path.is_file():
        return {}
    try:
        description = json.loads(path.read_text(encoding="utf-8"))["description"]
        return description if isinstance(description, dict) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _planned(progress: StudyProgress, manifest: Mapping[str, Any]) -> int | None:
    estimate = manifest.get("estimate")
    expected = estimate.get("trials") if isinstance(estimate, dict) else None
    planned = progress.num_planned or (int(expected) if isinstance(expected, int | float) else None)
    return None if planned is None else max(planned, progress.num_ended + len(progress.running))


def _best(directory: Path, manifest: Mapping[str, Any]) -> BestSoFar | None:
    search = manifest.get("search")
    metric = str((search if isinstance(search, dict) else {}).get("objective") or manifest.get("primary") or "")
    known = known_metric(metric)
    if known is None:
        return None
    tells = sound_events(directory / LEDGER_FILE, _TELLS)
    return find_best((event.data.get("record") for event in tells), metric, known.higher_is_better)


def _is_newer(report: Path, ledger: Path) -> bool:
    """Whether a report of an earlier version, which has no summary, was written after the last event."""
    try:
        return report.stat().st_mtime_ns >= ledger.stat().st_mtime_ns
    except OSError:
        return False
