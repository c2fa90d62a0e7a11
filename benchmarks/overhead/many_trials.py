"""A long study of null trials: does it slow down, does it grow, and does it go on after a kill?"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead.processes import finish_side, start_side
from benchmarks.overhead.store import require_rows
from orchestration.ledger.events import EventKind
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events

PRODUCT = "product_side"
_LOOK_S = 0.2
_ENDINGS: tuple[EventKind, ...] = ("tell",)


@dataclass(frozen=True)
class ManyTrials:
    """last_to_first: time of the last tenth of the trials before the kill over that of the first tenth. rss_growth_mb:
    of the driver, from its first ending to its largest. resume_s: from the start of the command that continues the
    killed study to the first trial that it ends. late_s: how far MLflow was behind when the last trial had ended.
    """

    last_to_first: float
    rss_growth_mb: float
    resume_s: float
    late_s: float


def run_many(directory: Path, num_arms: int, num_trials: int, searcher: str) -> ManyTrials:
    """``num_arms`` searches of ``num_trials``; the driver is killed shortly before the end, and goes on.

    Raises RuntimeError unless MLflow then holds every trial, whole and once.
    """
    options = ("--arms", str(num_arms), "--trials", str(num_trials), "--searcher", searcher)
    total = num_arms * num_trials
    ledger = directory / LEDGER_FILE
    process = start_side(PRODUCT, directory, *options)
    try:
        growth_mb = _watch(process, ledger, total - max(total // 200, 4))
    finally:
        process.kill()
        process.wait()
    before = _endings(ledger)
    started = time.time()
    side = finish_side(start_side(PRODUCT, directory, *options), directory)
    ended = _endings(ledger)
    require_rows(directory, total)
    tenth = total // 10
    slow_down = _pace(before[-tenth:]) / _pace(before[:tenth])
    return ManyTrials(slow_down, growth_mb, ended[len(before)] - started, side.ended - ended[-1])


def _watch(process: subprocess.Popen[bytes], ledger: Path, num_trials: int) -> float:
    """Wait until so many trials have ended; how much the driver's memory grew from the first of them on, MB."""
    offset, num_ended = 0, 0
    least = most = 0.0
    while num_ended < num_trials:
        if process.poll() is not None:
            raise RuntimeError(f"the driver ended with {process.returncode} after {num_ended} trials")
        time.sleep(_LOOK_S)
        if ledger.exists():
            offsets = [end for _, end in read_events(ledger, offset, kinds=_ENDINGS)]
            num_ended, offset = num_ended + len(offsets), offsets[-1] if offsets else offset
        if num_ended:
            most = max(most, resident_mb(process.pid))
            least = least or most
    return most - least


def resident_mb(pid: int) -> float:
    """Memory of a process, MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _pace(endings: list[float]) -> float:
    """Seconds from ending to ending."""
    return (endings[-1] - endings[0]) / (len(endings) - 1)


def _endings(ledger: Path) -> list[float]:
    """When each trial ended, seconds since 1970."""
    return [event.at_ms / 1000 for event, _ in read_events(ledger, kinds=_ENDINGS)]
