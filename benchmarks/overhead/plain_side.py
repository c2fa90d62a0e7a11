"""Null trials through the script that most people would write, in a process of its own.

    python -m benchmarks.overhead.plain_side DIRECTORY --trials 500

``ray.tune.Tuner`` with ``OptunaSearch`` (TPE), ``MLflowLoggerCallback`` on SQLite and ``reuse_actors=True``. The last
line is JSON (:class:`benchmarks.overhead.sides.Side`).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.overhead.null_trial import NUM_REPORTS, RANGES, first_begin, metrics_at, note_begin
from benchmarks.overhead.sides import NUM_ACTORS, STUDY, Side, store_in


def run(directory: Path, num_trials: int) -> Side:
    """Run the script; the start and the end of Ray are not in its time."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "MLFLOW_DISABLE_TELEMETRY": "true"}
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback
    from ray.tune.search.optuna import OptunaSearch

    def train(config: dict[str, Any]) -> None:
        note_begin(directory)
        for epoch in range(1, NUM_REPORTS + 1):
            tune.report(metrics_at(config, epoch))

    ray.init(num_cpus=NUM_ACTORS, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        train,
        param_space={name: tune.loguniform(low, high) for name, (low, high) in RANGES.items()},
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(seed=0),
            metric="valid/mae",
            mode="min",
            num_samples=num_trials,
            max_concurrent_trials=NUM_ACTORS,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name=STUDY,
            storage_path=str(directory / "tune"),
            verbose=0,
            callbacks=[MLflowLoggerCallback(tracking_uri=store_in(directory), experiment_name=STUDY)],
        ),
    )
    results = tuner.fit()
    ended = time.time()
    if results.num_errors:
        raise RuntimeError(f"{results.num_errors} trials failed: {results.errors[0]}")
    ray.shutdown()
    return Side(len(results), first_begin(directory), ended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--trials", type=int, required=True)
    options = parser.parse_args()
    print(json.dumps(asdict(run(options.directory.absolute(), options.trials))))


if __name__ == "__main__":
    main()
