"""A small real study (Ray, MLflow, checkpoints) under a seeded schedule of faults, and what is left of it.

    python -m benchmarks.crash [--rounds 50] [--seed 0] [--quick] [--only NAME]

Every round starts a study, strikes after a random number of epochs, and runs the same command until the study is done.
Lists of trials (DMD and ridge) and searches (TPE and ASHA) take turns. Afterwards every trial must have ended once and
be one run of MLflow with every metric point once; the tables of a list must equal those of an undisturbed run to the
last bit; the proposals and stops of a search must be those of a replay of its ledger. SIGKILL of a whole Ray node is
tested in ``tests/orchestration/test_three_nodes.py``. A full disk is a tmpfs of 64 MB, or, where this user may not
mount, a limit on the size of the driver's files. ``--quick``: one round per fault. A round takes about half a minute
on two free cores, several minutes on busy ones.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.crash.audit import audit
from benchmarks.crash.faults import FAULTS, Fault, Scene, small_disk
from benchmarks.crash.server import TrackingServer
from benchmarks.crash.session import Session
from benchmarks.crash.studies import NUM_FAILED, read_tables, write_space
from orchestration.catalogue import describe_methods
from search_spaces.load import load

_MOST_RUNS = 4


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


def run_round(folder: Path, fault: Fault, name: str, rng: random.Random, tally: Tally, tables: object) -> None:
    """One study under one fault."""
    (folder / "t").mkdir(parents=True)
    space, began = write_space(folder, name), time.monotonic()
    with contextlib.ExitStack() as stack:
        if fault.needs_small_disk:
            stack.enter_context(small_disk(folder / "o"))
        server = TrackingServer(folder) if fault.needs_server else None
        if server is not None:
            stack.callback(server.close)
        arguments = ["--tracking-uri", server.uri] if server is not None else []
        session = Session(space, folder / "o", folder / "t", *arguments)
        scene = Scene(folder, session, rng, server)
        if session.wait_for_reports(rng.randint(1, 6)):
            with contextlib.suppress(ProcessLookupError):
                fault.strike(scene)
            code = session.wait()
        else:
            code = session.wait()
            scene.notes.append(f"ended with code {code} before it was struck: {session.said()[-200:]}")
        scene.mend()
        expected = 1 if NUM_FAILED[name] else 0
        for _ in range(_MOST_RUNS):
            session = session.again()
            code = session.wait()
            if code == expected or (fault.changes_results and code == 1):
                break
        else:
            scene.notes.append(f"not done after {_MOST_RUNS} more runs: code {code}, {session.said()[-300:]}")
        checked = load(space, describe_methods())
        uri = server.store if server is not None else f"sqlite:///{session.study / 'mlflow.db'}"
        found = audit(session.study, checked, uri)
        tally.rounds += 1
        tally.lost += found.lost
        tally.doubled += found.doubled
        tally.metric_points_wrong += found.points_wrong
        tally.replay_consistent &= found.is_replay_consistent
        is_equal = name != "list" or fault.changes_results or read_tables(session.study) == tables
        tally.tables_equal &= is_equal
    wrong = list(scene.notes)
    if not is_equal:
        wrong.append("tables differ")
    if not found.is_replay_consistent:
        wrong.append("replay differs")
    tally.notes += [f"{fault.name} ({name}): {note}" for note in wrong]
    print(
        f"{tally.rounds:3d} {fault.name} on {name}: lost {found.lost}, doubled {found.doubled}, points wrong "
        f"{found.points_wrong}, {time.monotonic() - began:.0f} s{''.join('; ' + note for note in wrong)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one round per fault")
    parser.add_argument("--only", default="", help="faults whose name holds this")
    options = parser.parse_args()
    rng, tally = random.Random(options.seed), Tally()
    faults = [fault for fault in FAULTS if options.only in fault.name]
    rounds = len(faults) if options.quick else options.rounds
    with tempfile.TemporaryDirectory(prefix="c", ignore_cleanup_errors=True) as place:
        undisturbed = Path(place, "u")
        (undisturbed / "t").mkdir(parents=True)
        reference = Session(write_space(undisturbed, "list"), undisturbed / "o", undisturbed / "t")
        if reference.wait() != 0:
            raise SystemExit(f"the undisturbed study fails: {reference.said()[-500:]}")
        tables = read_tables(reference.study)
        print(f"undisturbed: {len(tables)} tables", flush=True)
        for number in range(rounds):
            fault = faults[number % len(faults)]
            name = fault.study or ("list" if (number // len(faults) + number) % 2 == 0 else "search")
            run_round(Path(place, str(number)), fault, name, rng, tally, tables)
    for note in tally.notes:
        print(f"note: {note}")
    print(
        json.dumps(
            {
                "rounds": tally.rounds,
                "lost": tally.lost,
                "doubled": tally.doubled,
                "metric_points_wrong": tally.metric_points_wrong,
                "tables_equal": tally.tables_equal,
                "replay_consistent": tally.replay_consistent,
            }
        )
    )


if __name__ == "__main__":
    main()
