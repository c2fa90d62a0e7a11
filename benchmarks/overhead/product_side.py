"""Null trials through this product, in a process of its own: what ``dmd-search`` does once a study is planned.

    python -m benchmarks.overhead.product_side DIRECTORY --trials 500 [--arms 1] [--searcher tpe] [--profile FILE]

Searches on Ray, the ledger on disk, MLflow on SQLite, progress in lines. Run again on the same directory it continues.
The last line is JSON (:class:`benchmarks.overhead.sides.Side`).
"""

from __future__ import annotations

import argparse
import cProfile
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.overhead.null_trial import RANGES, NullRunner, first_begin
from benchmarks.overhead.sides import NUM_ACTORS, STUDY, Side
from orchestration.driver.driver import StudyPlan
from orchestration.driver.progress import LineProgress
from orchestration.driver.tally import StudyTally
from orchestration.executors.protocol import Resources
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.ledger_file import read_events
from orchestration.process.logs import quiet_libraries
from orchestration.ray_backend.cluster import ray_cluster
from orchestration.ray_backend.executor import RayTuneExecutor
from orchestration.run_study import run_study
from orchestration.search.objective import Objective
from orchestration.search.optuna_search import SearchedSource, SearchPlan
from orchestration.search.samplers import SearcherName
from orchestration.search.study_source import ArmFold, StudySource
from orchestration.tracking.mlflow_tracker import MlflowTracker
from search_spaces.schema.distributions import LogUniform
from search_spaces.terms.trial import Cell, Trial, Value

OBJECTIVE = Objective("mae")


def make_source(num_arms: int, num_trials: int, searcher: SearcherName) -> StudySource:
    """``num_arms`` searches of ``num_trials`` trials each, and nothing to confirm."""
    arm_folds = [ArmFold(name, Cell(), _make_search(name, num_trials, searcher)) for name in _arm_names(num_arms)]
    return StudySource(arm_folds, lambda arm, cell, parameters: [], OBJECTIVE)


def _arm_names(num_arms: int) -> list[str]:
    return [f"arm{number}" for number in range(num_arms)]


def _make_search(arm: str, num_trials: int, searcher: SearcherName) -> SearchedSource:
    def make_trial(parameters: Mapping[str, Value]) -> Trial:
        return Trial(
            arm=arm,
            model="null",
            stage="search",
            settings=dict(parameters),
            parameters=dict(parameters),
            seed=0,
            cell=Cell(),
            context="overhead",
        )

    distributions = {name: LogUniform(low, high) for name, (low, high) in RANGES.items()}
    plan = SearchPlan(
        arm=arm,
        cell=Cell(),
        searcher=searcher,
        distributions=distributions,
        objective=OBJECTIVE,
        num_trials=num_trials,
        study_seed=0,
        make_trial=make_trial,
    )
    return SearchedSource(plan)


def run(directory: Path, num_arms: int, num_trials: int, searcher: SearcherName) -> Side:
    """Run or continue the study in ``directory``; Ray's own start and end are not in its time."""
    tally = StudyTally(num_arms * num_trials, OBJECTIVE)
    with (
        Ledger(directory) as ledger,
        (directory / "progress.txt").open("a") as lines,
        ray_cluster(None, num_cpus=NUM_ACTORS),
    ):
        for event, _ in read_events(ledger.path, stop=ledger.length, kinds=("ask", "tell")):
            tally.recall(event)
        plan = StudyPlan(
            STUDY,
            make_source(num_arms, num_trials, searcher),
            objective=OBJECTIVE,
            checkpoints=directory / "checkpoints",
            artifacts=directory / "artifacts",
        )
        outcome = run_study(
            plan=plan,
            executor=RayTuneExecutor(Resources(), num_cpus=NUM_ACTORS),
            runner=NullRunner(directory),
            ledger=ledger,
            tracker=MlflowTracker(ledger, STUDY, directory),
            on_event=LineProgress(tally, lines),
        )
        ended = time.time()
    if outcome.undelivered is not None or outcome.num_failed:
        raise RuntimeError(f"the study did not end well: {outcome}")
    return Side(outcome.num_completed, first_begin(directory), ended)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--trials", type=int, required=True, help="per arm")
    parser.add_argument("--arms", type=int, default=1)
    parser.add_argument("--searcher", choices=("tpe", "random"), default="tpe")
    parser.add_argument("--profile", type=Path, help="write what the main thread did, for pstats (and take longer)")
    options = parser.parse_args()
    quiet_libraries()
    profile = cProfile.Profile()
    if options.profile is not None:
        profile.enable()
    side = run(options.directory.absolute(), options.arms, options.trials, options.searcher)
    profile.disable()
    if options.profile is not None:
        profile.dump_stats(options.profile)
    print(json.dumps(asdict(side)))


if __name__ == "__main__":
    main()
