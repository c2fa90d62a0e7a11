"""What every method that is trained costs.

    python -m benchmarks.zoo [--quick] [--methods lf_lstm tfn ...]

Each method at the hyperparameters that the field's package publishes for MOSI (preset ``mmsa_mosi``; without one, the
method's first preset), in a fresh process with one thread. A training step (forward, all losses, backward, clipping and
Adam at batch 16) is given in products of 1024-cubes, which are taken in between, both in processor time: at ten steps
as wide as ``mosi_heldout_ctx10`` and at fifty steps as wide as MMSA's aligned MOSI (768, 5, 20). Memory: the peak of a
process that trains at fifty steps. Epochs per minute of processor time, validation included, on generated data shaped
like that file, at the method's own batch size. Full form: about four minutes of one core; ``--quick``: half of that.

The last line is JSON: {"methods": {NAME: {"preset", "parameters", "ten", "fifty", "peak_mb", "epochs_per_minute"}}}.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from benchmarks.zoo.fresh import Cost
from dmd.models.median import MedianConfig
from dmd.models.ridge import RidgeConfig
from dmd.registry import METHODS

UNTRAINED = (MedianConfig, RidgeConfig)
TRAINED = tuple(name for name, method in METHODS.items() if method.settings not in UNTRAINED)
ROUNDS, QUICK_ROUNDS = 24, 6


def measure_fresh(name: str, rounds: int) -> Cost:
    """:func:`benchmarks.zoo.fresh.measure` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.zoo.fresh", name, str(rounds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def table(costs: Mapping[str, Cost]) -> str:
    """For readers, in Markdown."""
    lines = [
        "| method | preset | parameters | step, ten | step, fifty | peak, MB | epochs a minute |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, cost in costs.items():
        lines.append(
            f"| `{name}` | {cost.preset or 'defaults'} | {cost.parameters:,} | {cost.ten:.2f} | {cost.fifty:.2f} | "
            f"{cost.peak_mb:,.0f} | {cost.epochs_per_minute:.0f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=TRAINED, default=TRAINED, metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args(arguments)
    costs: dict[str, Cost] = {}
    for name in options.methods:
        costs[name] = measure_fresh(name, QUICK_ROUNDS if options.quick else ROUNDS)
        print(f"{name}: {costs[name]}", file=sys.stderr, flush=True)
    print(table(costs))
    print(json.dumps({"methods": {name: vars(cost) for name, cost in costs.items()}}))


if __name__ == "__main__":
    main()
