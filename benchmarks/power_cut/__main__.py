"""The power of a machine is cut at every moment of a study: what may be left of it is opened and continued.

    python -m benchmarks.power_cut [--states 300] [--quick] [--seed 0]

A short real study (searches, DMD with checkpoints, ridge; ``--executor inline``; MLflow in its directory) is run in
three sessions under ``strace``, which records every file operation of all its processes, SQLite's own included. The
recording is complete: played back, it gives the directory byte by byte, or the benchmark stops. After an operation it
asks what a disk could hold had the power gone then (:mod:`benchmarks.power_cut.disk`): synced data for certain,
unsynced writes whole, torn or missing, changes of names each kept or not unless their folder was synced. It takes as
many operations as states (``--states``), every kind of operation on every kind of file in turn, and of the different
states after these so many that every kind of cut has its turn. In each the study is opened and continued as the same
command would (:mod:`benchmarks.power_cut.continuing`), and then

- no trial may be lost whose ending was on disk, and every trial must be in MLflow,
- none may be doubled in the ledger or in MLflow, and every metric point must be there once,
- nothing may be unreadable: the study opens, goes on, and its report can be made from the directory and from MLflow,
- the tables must equal those of the undisturbed study to the last bit.

strace: ``apt-get install strace``. TMPDIR should be in memory (``TMPDIR=/dev/shm``): thousands of files are written.
Three hundred states, the recording included, took six minutes of CPU.
The last line is JSON: states, lost, doubled, unreadable (sums over all states), tables_equal.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.power_cut.continuing import look_at, read_tables
from benchmarks.power_cut.cuts import cuts_now
from benchmarks.power_cut.recording import SPACE, Recording, endings_in, is_ledger_sync, kind_of, record
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.process.logs import quiet_libraries
from orchestration.tracking.delivery import connect
from search_spaces.loading.load import load

_STATES, _QUICK_STATES = 300, 60
K = TypeVar("K", str, tuple[str, str])
T = TypeVar("T")


@dataclass
class Tally:
    """Sums over the states."""

    states: int = 0
    lost: int = 0
    doubled: int = 0
    unreadable: int = 0
    tables_equal: bool = True


def require_whole(recording: Recording) -> None:
    """Raise SystemExit unless the operations, played back, give what is on disk."""
    *_, (_, disk) = recording.moments()
    tree = disk.live()
    for path in recording.runs.rglob("*"):
        name = path.relative_to(recording.runs)
        if "logs" in name.parts:
            continue
        content = tree.pop(name, None)
        if path.is_file() and (content is None or content.data != path.read_bytes()):
            raise SystemExit(f"{path}: the recording does not give what is there")
    if left := [path for path in tree if "logs" not in path.parts]:
        raise SystemExit(f"the recording gives what is not there: {left[0]}")


def choose(recording: Recording, number: int, seed: int) -> dict[int, set[bytes]]:
    """Moment -> fingerprints of the states to look at there: in turn one of every kind, until there are enough."""
    rng = random.Random(seed)
    by_operation: dict[str, list[int]] = defaultdict(list)
    for moment, (operation, _) in enumerate(recording.moments()):
        by_operation[kind_of(operation, recording.runs)].append(moment)
    moments = {place for _, place in zip(range(number), _in_turn(by_operation, rng), strict=False)}
    seen: set[bytes] = set()
    by_kind: dict[tuple[str, str], list[tuple[int, bytes]]] = defaultdict(list)
    for moment, (operation, disk) in enumerate(recording.moments()):
        for cut in cuts_now(disk) if moment in moments else ():
            if cut.fingerprint not in seen:
                seen.add(cut.fingerprint)
                by_kind[kind_of(operation, recording.runs), cut.how].append((moment, cut.fingerprint))
    print(f"{len(seen)} different states of {len(by_kind)} kinds after {len(moments)} of {moment + 1} operations")
    chosen: dict[int, set[bytes]] = defaultdict(set)
    for _, (moment, fingerprint) in zip(range(number), _in_turn(by_kind, rng), strict=False):
        chosen[moment].add(fingerprint)
    return chosen


def _in_turn(kinds: Mapping[K, Sequence[T]], rng: random.Random) -> Iterator[T]:
    """All that is there, one of every kind after the other, in random order."""
    waiting = [rng.sample(found, len(found)) for _, found in sorted(kinds.items())]
    rng.shuffle(waiting)
    for together in itertools.zip_longest(*waiting):
        yield from (item for item in together if item is not None)


def look_at_all(recording: Recording, chosen: dict[int, set[bytes]], space: Path) -> Tally:
    """Open and continue every chosen state; a line for each that is not right."""
    expected = read_tables(recording.study)
    prepared = prepare(load(space, describe_methods()), None)
    tally, acknowledged = Tally(), frozenset[str]()
    for moment, (operation, disk) in enumerate(recording.moments()):
        if is_ledger_sync(operation):
            acknowledged = endings_in(disk.read(operation.path))
        cuts = {cut.fingerprint: cut for cut in cuts_now(disk)} if moment in chosen else {}
        for fingerprint in sorted(chosen.get(moment, ())):
            cut = cuts[fingerprint]
            found = look_at(cut.tree, recording.study, acknowledged, prepared)
            is_equal = found.tables == expected
            tally.states += 1
            tally.lost += found.lost
            tally.doubled += found.doubled
            tally.unreadable += bool(found.unreadable)
            tally.tables_equal &= is_equal
            if found.lost or found.doubled or found.unreadable or not is_equal:
                what = f"lost {found.lost}, doubled {found.doubled}, tables {'equal' if is_equal else 'differ'}"
                where = f"after {kind_of(operation, recording.runs)} ({moment}), {cut.how}"
                print(f"{where}: {what} {found.unreadable[:300]}", flush=True)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=_STATES)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("strace is missing; on Debian: apt-get install strace")
    quiet_libraries()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="power-", ignore_cleanup_errors=True) as place:
        space = Path(place, "cut.yaml")
        space.write_text(SPACE)
        root = Path(place, "study")
        root.mkdir()
        recording = record(root, space)
        require_whole(recording)
        print(f"recorded: {len(recording.operations)} operations", flush=True)
        chosen = choose(recording, _QUICK_STATES if options.quick else options.states, options.seed)
        # Imported here, once, and not by every process that looks at a state.
        connect(f"sqlite:///{place}/imports.db")
        tally = look_at_all(recording, chosen, space)
    print(json.dumps(tally.__dict__))
    sys.exit(not (tally.tables_equal and tally.lost == tally.doubled == tally.unreadable == 0))


if __name__ == "__main__":
    main()
