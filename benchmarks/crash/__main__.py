"""A small real study (Ray, MLflow, checkpoints) under a seeded schedule of faults, and what is left of it.

    python -m benchmarks.crash [--rounds 50] [--seed 0] [--quick] [--only NAME]

Every round starts a study, strikes after a random number of epochs, and runs the same command until the study is done.
Lists of trials (DMD and ridge) and searches (TPE and ASHA) take turns. Afterwards every trial must have ended once and
be one run of MLflow with every metric point once; the tables of a list must equal those of an undisturbed run to the
last bit; the proposals and stops of a search must be those of a replay of its ledger; no process, temporary directory
or unfinished file may be left. Whatever else went against a promise follows as a note. A full disk is a tmpfs of 64 MB,
or, where this user may not mount, a limit on the size of the driver's files. ``--quick``: one round per fault.

A round takes about half a minute on two free cores, a minute or two on busy ones; a line tells of each as it ends, and
Ctrl-C and SIGTERM end with the sums so far. TMPDIR should be short and in memory (``TMPDIR=/dev/shm``): the paths of
Ray's sockets are limited, and a busy disk only makes it slower.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crash.faults import FAULTS, Fault
from benchmarks.crash.rounds import Round, run_round, run_undisturbed
from benchmarks.crash.studies import Tables


@dataclass
class Tally:
    """Sums over the rounds."""

    rounds: int = 0
    lost: int = 0
    doubled: int = 0
    metric_points_wrong: int = 0
    tables_equal: bool = True
    replay_consistent: bool = True
    notes: list[str] = field(default_factory=list)

    def add(self, ended: Round, undisturbed: Tables | None) -> None:
        """Count a round in, and tell of it."""
        found, is_equal = ended.found, ended.tables == undisturbed
        self.rounds += 1
        self.lost += found.lost
        self.doubled += found.doubled
        self.metric_points_wrong += found.points_wrong
        self.tables_equal &= is_equal
        self.replay_consistent &= found.is_replay_consistent
        wrong = [*ended.notes, *([] if is_equal else ["tables differ"])]
        wrong += [] if found.is_replay_consistent else ["replay differs"]
        self.notes += [f"round {self.rounds}, {ended.fault} ({ended.study}): {note}" for note in wrong]
        counts = f"lost {found.lost}, doubled {found.doubled}, points wrong {found.points_wrong}"
        details = "; ".join((*ended.remarks, *(f"NOTE {note}" for note in wrong)))
        print(f"{self.rounds:3d} {ended.fault} on {ended.study}: {counts}, {ended.took_s:.0f} s; {details}", flush=True)

    def as_json(self) -> str:
        sums = ("rounds", "lost", "doubled", "metric_points_wrong", "tables_equal", "replay_consistent")
        return json.dumps({name: getattr(self, name) for name in sums})

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        is_right = self.tables_equal and self.replay_consistent and not self.notes
        return is_right and self.lost == self.doubled == self.metric_points_wrong == 0


def run_rounds(schedule: Iterable[tuple[Fault, str]], place: Path, rng: random.Random, tally: Tally) -> None:
    """All rounds, each in a folder of its own below ``place``."""
    undisturbed: dict[str, Tables | None] = {"search": None}
    for number, (fault, study) in enumerate(schedule):
        if study not in undisturbed:
            undisturbed[study] = run_undisturbed(place / f"u{len(undisturbed)}", study)
            print(f"undisturbed {study}: {len(undisturbed[study] or ())} tables", flush=True)
        tally.add(run_round(place / str(number), fault, study, rng), undisturbed[study])


def make_schedule(faults: list[Fault], rounds: int) -> list[tuple[Fault, str]]:
    """The faults in turn, each on lists and searches in turn."""
    places = [divmod(number, len(faults)) for number in range(rounds)]
    return [(faults[which], faults[which].study or ("list", "search")[(turn + which) % 2]) for turn, which in places]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one round per fault")
    parser.add_argument("--only", default="", help="faults whose name holds this")
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if options.only in fault.name]
    if not faults:
        parser.error(f"no fault's name holds {options.only!r}: {', '.join(fault.name for fault in FAULTS)}")
    schedule = make_schedule(faults, len(faults) if options.quick else options.rounds)
    tally = Tally()
    # Also where a shell has started this in the background, and SIGINT is ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="c", ignore_cleanup_errors=True) as place:
        try:
            run_rounds(schedule, Path(place), random.Random(options.seed), tally)
        except KeyboardInterrupt:
            print("ended by a signal: these are the sums so far")
        except subprocess.TimeoutExpired as hung:
            tally.notes.append(f"round {tally.rounds + 1} hangs and ends the benchmark: {hung}")
    for note in tally.notes:
        print(f"note: {note}")
    print(tally.as_json())
    sys.exit(0 if tally.is_clean else 1)


if __name__ == "__main__":
    main()
