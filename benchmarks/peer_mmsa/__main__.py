"""Our methods beside those of the field's package MMSA 2.2.1: what is learned, and what a training step costs.

    python -m benchmarks.peer_mmsa --python PATH [--data FILE] [--data-dir DIR] [--methods lmf tfn ...] [--seeds 5]
        [--sides left right] [--step | --same] [--quick] [--out DIR]

PATH is a Python that has MMSA; nothing of it is installed by this product. To make one:

    python3 -m venv FOLDER
    FOLDER/bin/pip install torch==2.13.0 numpy pandas scikit-learn transformers easydict tqdm pynvml
    FOLDER/bin/pip install --no-deps mmsa==2.2.1

Its loader, models, losses and loops run as they are (:mod:`benchmarks.peer_mmsa.worker.shims` says what that takes) at
their published configuration; ours have the preset ``mmsa_mosi``. Both get the official split of FILE, standardised and
clipped alike, and seeds 1, 2, ...; theirs once with padding on either side, and MFN, whose audio and vision its
configuration averages over time, once more without that (which decides no verdict). Their predictions are arms of a
study of ours (``arms.external``) under ``--out``, whose report gives difference and interval; a run that is there is
not made again. LF-LSTM, which MMSA has not, stands beside its LF-DNN; MCTN is compared in cost alone.

``--step``: only what a step costs, in turn, in processor time of one thread, at batch 16, ten steps (100, 73, 100 wide)
and fifty (768, 5, 20).
``--same``: only whether MFN and MFM compute the same from the same weights (:mod:`benchmarks.peer_mmsa.same`); the last
line then has, under ``same``, the largest differences of prediction, loss and gradients, relative to the largest value.
Full form: one to two hours of one core, half of it MulT and TFN; ``--step``: two minutes; ``--quick`` (LMF alone unless
``--methods`` says more, one seed, trainings that end at once): one.

The last line is JSON, by our name: test MAE of ours, and of theirs with its padding on the better side; ours minus
theirs, and the upper end of its 95% interval for new seeds; the cost of a step in products of 1024-cubes, and ours over
theirs, at the shape where that is greater; parameters of ours. null: not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import torch

from benchmarks.peer_mmsa.cost import dearest, measure_steps
from benchmarks.peer_mmsa.pairs import PAIRS
from benchmarks.peer_mmsa.peer import Peer, PeerFailed
from benchmarks.peer_mmsa.quality import Against, Learned, Task, compare
from benchmarks.peer_mmsa.same import NAMES, compare_computed
from benchmarks.peer_mmsa.worker.conversion import SIDES
from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import open_dataset
from dmd.errors import InputError
from dmd.job import FoldRef
from dmd.kernels.allocator import keep_freed_memory
from dmd_search import StudyError

DATA_DIR = "DMD_DATA_DIR"
QUICK = ("lmf",)
ROUNDS, QUICK_ROUNDS = 30, 8


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"peer_mmsa: {message}\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="a Python that has MMSA 2.2.1")
    parser.add_argument("--data", default="mosi_heldout_ctx10.npz", help="a file, here or in --data-dir")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get(DATA_DIR), help=f"or {DATA_DIR}")
    parser.add_argument("--methods", nargs="+", choices=PAIRS, metavar="NAME", help="by our names; default: all")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 1")
    parser.add_argument(
        "--sides", nargs="+", choices=SIDES, default=SIDES, help="that theirs is padded on; default: both"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--step", action="store_true", help="only what a step costs")
    only.add_argument("--same", action="store_true", help="only whether MFN and MFM compute the same")
    parser.add_argument("--quick", action="store_true", help="LMF, one seed, trainings that end at once")
    parser.add_argument("--out", type=Path, help="folder of studies and predictions; default: one that is not kept")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds {options.seeds}: at least 1")
    return options


def plan(options: argparse.Namespace, out: Path) -> Task:
    """What is trained. Raises InputError where the data cannot be had or have no official split."""
    dataset = open_dataset(options.data, options.data_dir)
    dataset.count_parts(FoldRef("official"))
    seeds = range(1, 2 if options.quick else options.seeds + 1)
    return Task(
        data=options.data,
        data_dir=options.data_dir,
        dataset=dataset,
        seeds=seeds,
        out=out,
        quick=options.quick,
        sides=tuple(options.sides),
    )


def measure(options: argparse.Namespace, task: Task | None, peer: Peer) -> dict[str, dict[str, Any]]:
    """Every method, told as it goes; costs first. Of one on which the peer fails, nothing is known and that is told."""
    methods = options.methods or (QUICK if options.quick else PAIRS)
    found: dict[str, dict[str, Any]] = {}
    for name in methods:
        costs = measure_steps(peer, name, QUICK_ROUNDS if options.quick else ROUNDS)
        for shape, cost in costs.items():
            print(
                f"{name}, {shape} steps: ours {cost.ours:.2f}, MMSA's {PAIRS[name].theirs} {cost.theirs:.2f} products, "
                f"ratio {cost.ratio:.3f}",
                flush=True,
            )
        found[name] = dict.fromkeys(("ours_mae", "peer_mae", "difference", "rerun_high")) | dearest(costs)
    for name in methods:
        if task is None or not PAIRS[name].learns:
            continue
        try:
            learned = compare(task, peer, name)
        except PeerFailed as error:
            print(f"{name}: MMSA's {PAIRS[name].theirs} failed: {error}", flush=True)
            continue
        found[name] |= tell(name, learned)
    return found


def same(dataset: Dataset, peer: Peer, scratch: Path) -> dict[str, dict[str, float]]:
    """Of the methods whose mechanism is the same on both sides. Raises InputError and PeerFailed."""
    return {name: compare_computed(peer, name, dataset, scratch) for name in NAMES}


def tell(name: str, learned: Learned) -> dict[str, Any]:
    """A line for readers; the same for the last one."""
    sides = ", ".join(f"{found.theirs:.4f} padded on the {side}" for side, found in learned.by_side.items())
    print(f"{name}: ours {learned.ours:.4f}, theirs {sides}; {_verdict(learned.best)}", flush=True)
    if learned.as_sequences is not None:
        theirs = f"{learned.as_sequences.theirs:.4f} with audio and vision as sequences"
        print(f"{name}: ours {learned.ours:.4f}, theirs {theirs}; {_verdict(learned.as_sequences)}", flush=True)
    return {
        "ours_mae": round(learned.ours, 4),
        "peer_mae": round(learned.best.theirs, 4),
        "difference": round(learned.best.difference, 4),
        "rerun_high": None if learned.best.rerun_high is None else round(learned.best.rerun_high, 4),
    }


def _verdict(found: Against) -> str:
    high = None if found.rerun_high is None else round(found.rerun_high, 4)
    return f"{found.difference:+.4f}, rerun up to {high}"


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(1)
    keep_freed_memory()  # as every trial does
    with tempfile.TemporaryDirectory() as scratch:
        try:
            task = None if options.step else plan(options, options.out or Path(scratch))
            with Peer(options.python) as peer:
                if options.same and task is not None:
                    found = {"same": same(task.dataset, peer, Path(scratch))}
                else:
                    found = {"methods": measure(options, task, peer)}
        except (InputError, StudyError, PeerFailed) as error:
            print(f"peer_mmsa: {error}", file=sys.stderr)
            sys.exit(2)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
