"""What a trial costs beside its training, next to the script that most people would write; and ten thousand of them.

    python -m benchmarks.overhead [--blocks 4] [--trials 250] [--long 500] [--searcher tpe] [--quick]

Null trials with five reports each: TPE on Ray with two actors that import torch, one Tune trial each, MLflow on
SQLite. ``plain`` is ``ray.tune.Tuner`` with ``OptunaSearch``, ``MLflowLoggerCallback`` and ``reuse_actors=True``; ours
is what ``dmd-search`` runs: the same search with a ledger on disk, progress and tracking. Each side runs in processes
of its own, in turns, timed from its first trial to its last run terminated in MLflow; afterwards runs, parameters and
metric points are counted in the store. Then 20 arms of ``--long`` trials with ``--searcher``, killed shortly before
their end and continued. Full form: 10 to 20 minutes on two free cores; ``--quick``: tens of trials.

A slow disk makes the plain side slower (MLflow commits every metric of every report); ``TMPDIR=/dev/shm`` leaves only
the processor time of both.

The last line is JSON. ours_ms, plain_ms: per trial. ten_thousand: see
:class:`benchmarks.overhead.many_trials.ManyTrials`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks.overhead.many_trials import run_many
from benchmarks.overhead.per_trial import compare

NUM_ARMS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=4, help="turns of each side")
    parser.add_argument("--trials", type=int, default=250, help="of each side and turn; 0: no comparison")
    parser.add_argument("--long", type=int, default=500, help="trials of each of the 20 arms; 0: none of it")
    parser.add_argument("--searcher", choices=("tpe", "random"), default="tpe", help="of the 20 arms")
    parser.add_argument("--quick", action="store_true", help="one turn of 40 trials, 20 arms of 5")
    options = parser.parse_args()
    blocks, trials, length = (1, 40, 5) if options.quick else (options.blocks, options.trials, options.long)
    summary: dict[str, object] = {}
    # Ray's sockets live below it and their paths may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="o-", ignore_cleanup_errors=True) as folder:
        if trials:
            cost = compare(Path(folder), blocks, trials)
            summary |= {"ours_ms": round(cost.ours_ms, 1), "plain_ms": round(cost.plain_ms, 1)}
            summary["ratio"] = round(cost.ratio, 3)
        if length:
            many = run_many(Path(folder, "many"), NUM_ARMS, length, options.searcher)
            print(f"{NUM_ARMS * length} trials: MLflow was {many.late_s:.1f} s behind at the end", flush=True)
            summary["ten_thousand"] = {
                "last_to_first": round(many.last_to_first, 2),
                "rss_growth_mb": round(many.rss_growth_mb),
                "resume_s": round(many.resume_s, 1),
            }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
