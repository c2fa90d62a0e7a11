"""Our DMD (``official`` preset) beside the code that its authors published: what is learned, and what a step costs.

    python -m benchmarks.peer_official --checkout PATH [--quick] [--step] [--data FILE] [--data-dir DIR]
        [--folds 0 1 2 3 4] [--seeds 1 2 3] [--accumulation 1] [--learning-rate 3e-4 ...] [--padding file]
        [--max-epochs 12] [--early-stop 8]

PATH is a checkout of mdswyz/DMD that you bring; its networks and losses are trained by its own loop
(:mod:`benchmarks.peer_official.checkout` names what it takes to run that on a CPU with today's torch). Both sides get
the same file, folds, seeds, order of batches and schedule: Adam, clipping by value, plateau, the best epoch by the mean
validation loss of shuffled batches, early stopping, a largest number of epochs. Of several learning rates each side
takes, per fold, the one that is best on validation over the seeds. ``--step``: only what a step costs. Everything runs
on one thread. Full form: half an hour to an hour; ``--quick`` (one fold, one seed, small widths, few epochs): two
minutes, four on a busy machine.

The last line is JSON. difference: ours minus theirs, test MAE over folds and seeds; rerun: its 95% interval (would it
hold with new seeds?). steps: processor time of ours over theirs at ten and at fifty steps. memory: the same of peak
resident memory at unaligned lengths, as a whole and less what the imports take.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import torch

from benchmarks.peer_official.checkout import Checkout, load_checkout
from benchmarks.peer_official.cost import STEP_SHAPES, measure_memory, measure_steps
from benchmarks.peer_official.learning import Comparison, conclude, require_sense, run_all
from dmd.data.formats.load import open_dataset
from dmd.errors import InputError
from dmd.job import Setting

DATA_DIR = "DMD_DATA_DIR"
SMALL: dict[str, Setting] = {"width": 16, "heads": 2, "levels": 1}
SMALL_OVERRIDES: dict[str, Any] = {"dst_feature_dim_nheads": [16, 2], "nlevels": 1}
QUICK_EPOCHS = 5
ROUNDS, QUICK_ROUNDS = 40, 10


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"peer_official: {message}\n")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True, help="a checkout of mdswyz/DMD")
    parser.add_argument("--data", default="mosi_heldout_ctx10.npz", help="a file, here or in --data-dir")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get(DATA_DIR), help=f"or {DATA_DIR}")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="of the file")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--accumulation", type=int, choices=[1, 10], default=1, help="batches per step; published: 10")
    parser.add_argument("--learning-rate", type=float, nargs="+", default=[3e-4], help="published: 1e-4")
    parser.add_argument("--padding", choices=["file", "end", "start"], default="file", help="where real steps stand")
    parser.add_argument("--max-epochs", type=int, default=12, help="published: no limit")
    parser.add_argument("--early-stop", type=int, default=8, help="epochs without an improvement; published: 10")
    parser.add_argument("--quick", action="store_true", help="one fold, one seed, small widths, few epochs")
    parser.add_argument("--step", action="store_true", help="only what a step costs")
    return parser.parse_args()


def plan(options: argparse.Namespace) -> Comparison:
    """What is to be trained. Raises InputError."""
    quick = options.quick
    comparison = Comparison(
        dataset=open_dataset(options.data, options.data_dir),
        folds=options.folds[:1] if quick else options.folds,
        seeds=options.seeds[:1] if quick else options.seeds,
        learning_rates=options.learning_rate,
        max_epochs=min(QUICK_EPOCHS, options.max_epochs) if quick else options.max_epochs,
        early_stop=options.early_stop,
        accumulation=options.accumulation,
        padding=options.padding,
        settings=SMALL if quick else {},
        overrides=SMALL_OVERRIDES if quick else {},
    )
    require_sense(comparison)
    return comparison


def compare(comparison: Comparison, checkout: Checkout) -> dict[str, object]:
    """What both sides learn, told as it goes."""
    runs = []
    for run in run_all(comparison, checkout):
        runs.append(run)
        print(
            f"{run.side}, fold {run.fold}, seed {run.seed}, learning rate {run.learning_rate:g}: test MAE "
            f"{run.test_mae:.4f}, validation {run.valid_mae:.4f} ({run.cpu_s:.0f} s)",
            flush=True,
        )
    outcome = conclude(runs)
    found: dict[str, object] = {f"{side}_mae": round(mae.value, 4) for side, mae in outcome.mae.items()}
    found |= {f"{side}_rerun": _interval(mae.low, mae.high) for side, mae in outcome.mae.items()}
    difference = outcome.difference
    found |= {"difference": round(difference.value, 4), "rerun": _interval(difference.low, difference.high)}
    return found | {"learning_rates": outcome.rates}


def _interval(low: float | None, high: float | None) -> list[float] | None:
    return None if low is None or high is None else [round(low, 4), round(high, 4)]


def cost(options: argparse.Namespace) -> dict[str, object]:
    """What a step costs on both sides."""
    ratios = {}
    for name, shape in STEP_SHAPES.items():
        seconds = measure_steps(options.checkout, shape, QUICK_ROUNDS if options.quick else ROUNDS)
        ratios[name] = round(seconds["ours"] / seconds["theirs"], 3)
        print(f"{name} steps: ours {1e3 * seconds['ours']:.1f} ms, theirs {1e3 * seconds['theirs']:.1f} ms", flush=True)
    peaks = measure_memory(options.checkout)
    for side, peak in peaks.items():
        print(f"unaligned, {side}: {peak.whole:.0f} MiB at most, {peak.imported:.0f} after the imports", flush=True)
    ours, theirs = peaks["ours"], peaks["theirs"]
    memory = {"whole": round(ours.whole / theirs.whole, 3), "own": round(ours.own / theirs.own, 3)}
    return {"steps": ratios, "memory": memory}


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    try:
        checkout = load_checkout(options.checkout)
        comparison = None if options.step else plan(options)
    except InputError as error:
        print(f"peer_official: {error}", file=sys.stderr)
        sys.exit(2)
    found = {} if comparison is None else compare(comparison, checkout)
    print(json.dumps(found | cost(options)))


if __name__ == "__main__":
    main()
