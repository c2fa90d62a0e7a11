"""What is in an MLflow store on SQLite, counted in its tables and not through MLflow."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.overhead.null_trial import METRICS, NUM_REPORTS, RANGES
from benchmarks.overhead.sides import STUDY

_RUNS = (
    "FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = ? "
    # The product's run of the study itself has none of the searched parameters.
    "AND EXISTS (SELECT 1 FROM params WHERE params.run_uuid = runs.run_uuid AND params.key = 'gamma')"
)


@dataclass(frozen=True)
class Rows:
    """runs: of trials. terminated: those that are finished. params: of the searched parameters. points: of the reported
    metrics; distinct: those that differ in run, metric and step."""

    runs: int
    terminated: int
    params: int
    points: int
    distinct: int


def rows_for(num_trials: int) -> Rows:
    """What a store holds after so many null trials, each delivered once."""
    points = num_trials * len(METRICS) * NUM_REPORTS
    return Rows(num_trials, num_trials, num_trials * len(RANGES), points, points)


def count_rows(directory: Path) -> Rows:
    """The rows in the store of a side."""
    with closing(sqlite3.connect(f"file:{directory / 'mlflow.db'}?mode=ro", uri=True)) as store:

        def count(question: str, *values: str) -> int:
            return int(store.execute(question, (*values, STUDY)).fetchone()[0])

        params, metrics = (", ".join("?" * len(names)) for names in (RANGES, METRICS))
        of_params = f"FROM params WHERE key IN ({params}) AND run_uuid IN (SELECT run_uuid {_RUNS})"
        of_points = f"FROM metrics WHERE key IN ({metrics}) AND run_uuid IN (SELECT run_uuid {_RUNS})"
        return Rows(
            runs=count(f"SELECT COUNT(*) {_RUNS}"),
            terminated=count(f"SELECT COUNT(*) {_RUNS} AND runs.status = 'FINISHED' AND runs.end_time IS NOT NULL"),
            params=count(f"SELECT COUNT(*) {of_params}", *RANGES),
            points=count(f"SELECT COUNT(*) {of_points}", *METRICS),
            distinct=count(f"SELECT COUNT(*) FROM (SELECT DISTINCT run_uuid, key, step {of_points})", *METRICS),
        )


def require_rows(directory: Path, num_trials: int) -> Rows:
    """The rows of a side. Raises RuntimeError unless every trial is there, whole, ended and once."""
    rows, expected = count_rows(directory), rows_for(num_trials)
    if rows != expected:
        raise RuntimeError(f"{directory}: the store holds {rows}, expected {expected}")
    return rows
