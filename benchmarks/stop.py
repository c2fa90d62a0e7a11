"""``dmd-search`` is told to stop in its first seconds: how long that takes, and what is left.

    python -m benchmarks.stop [--delays 0.2 0.5 1 ...] [--signal INT|TERM] [--repeats 1] [--space quickstart]

A new study (Ray, MLflow) is started for every delay and gets the signal so many seconds after its start: SIGINT as
Ctrl-C in a terminal sends it, to all processes, SIGTERM to the program alone. A line for each: what the program was
doing (``imports``, ``start`` of the study and of Ray, ``workers`` that import, ``training``), seconds until its end,
its exit code, what it left, the load of the machine, and its last line.

The last line is JSON. stops; slowest_s: the longest stop; unclean: stops that took more than 10 s, ended with another
code than 130, or with a traceback; left_processes, left_directories: what outlived its program; unnamed: stops that
neither delivered their events to MLflow nor said so.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash.session import Session
from benchmarks.crash.stopping import Ending, stop
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.tracking.position import load_position
from orchestration.tracking.sqlite_store import store_of
from search_spaces.loading.packaged import find_space

DELAYS = (0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)


@dataclass(frozen=True)
class Stop:
    """One study that was stopped. is_unnamed: it kept events from MLflow and did not say so."""

    phase: str
    ending: Ending
    is_unnamed: bool


def measure(place: Path, space: Path, delay: float, number: signal.Signals) -> Stop:
    """Start a study in ``place``, which is made, and stop it after ``delay`` seconds."""
    temporary = place / "t"
    temporary.mkdir(parents=True)
    began = time.monotonic()
    session = Session(space, place / "o", temporary, (), {})
    try:
        time.sleep(max(began + delay - time.monotonic(), 0.0))
        phase = phase_of(session)
        ending = stop(session, number)
    finally:
        session.end()
    return Stop(phase, ending, _num_undelivered(session.study) > 0 and "tracking:" not in ending.said)


def phase_of(session: Session) -> str:
    """What the program is doing, in a word."""
    events = session.events()
    if not events:
        return "imports"
    if any(event.kind in ("report", "tell") for event in events):
        return "training"
    return "workers" if any(event.kind == "ask" for event in events) else "start"


def _num_undelivered(study: Path) -> int:
    """Bytes of the ledger that MLflow does not have."""
    ledger = study / LEDGER_FILE
    length = ledger.stat().st_size if ledger.exists() else 0
    return length - load_position(study, store_of(study.absolute(), None), length).offset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delays", type=float, nargs="+", default=DELAYS)
    parser.add_argument("--signal", choices=("INT", "TERM"), default="INT")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--space", default="quickstart")
    options = parser.parse_args()
    number, space, stops = signal.Signals[f"SIG{options.signal}"], find_space(options.space), []
    print(f"{'signal':>7} {'delay':>6} {'phase':>8} {'took':>6} {'code':>4} {'left':>4} {'load':>5}  last line")
    # A short path: the names of Ray's sockets are limited.
    with tempfile.TemporaryDirectory(prefix="s", ignore_cleanup_errors=True) as place:
        for repeat in range(options.repeats):
            for index, delay in enumerate(options.delays):
                stopped = measure(Path(place, f"{repeat}-{index}"), space, delay, number)
                stops.append(stopped)
                print(_line(number, delay, stopped), flush=True)
                if not stopped.ending.is_clean:
                    print(stopped.ending.said)
    endings = [stopped.ending for stopped in stops]
    figures = {
        "stops": len(endings),
        "slowest_s": round(max(ending.took_s for ending in endings), 1),
        "unclean": sum(not ending.is_clean for ending in endings),
        "left_processes": sum(len(ending.processes) for ending in endings),
        "left_directories": sum(len(ending.directories) for ending in endings),
        "unnamed": sum(stopped.is_unnamed for stopped in stops),
    }
    print(json.dumps(figures))
    sys.exit(any(figures[name] for name in ("unclean", "left_processes", "left_directories", "unnamed")))


def _line(number: signal.Signals, delay: float, stopped: Stop) -> str:
    ending = stopped.ending
    left = len(ending.processes) + len(ending.directories)
    last = (ending.said.strip().splitlines() or ["nothing"])[-1][:70]
    load = os.getloadavg()[0]
    return (
        f"{number.name:>7} {delay:6.1f} {stopped.phase:>8} {ending.took_s:6.2f} {ending.code:4d} {left:4d} {load:5.1f}"
        f"  {last}"
    )


if __name__ == "__main__":
    main()
