"""What an MLflow store holds about the toy study."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from tests.orchestration.toy_studies import STUDY


class Store:
    """The store of a study directory, read."""

    def __init__(self, directory: Path, uri: str | None = None, study: str = STUDY) -> None:
        self.client = MlflowClient(tracking_uri=uri or f"sqlite:///{directory / 'mlflow.db'}")
        self.experiment = self.client.get_experiment_by_name(study)
        runs: list[Run] = list(self.client.search_runs([self.experiment.experiment_id], max_results=1000))
        self.parents = [run for run in runs if "trial_id" not in run.data.tags]
        self.trials = {run.data.tags["trial_id"]: run for run in runs if "trial_id" in run.data.tags}
        self.runs_per_trial = Counter(run.data.tags["trial_id"] for run in runs if "trial_id" in run.data.tags)

    def points(self, trial_id: str, metric: str) -> list[tuple[int, float, int]]:
        """(step, value, timestamp in ms) of every stored point."""
        history = self.client.get_metric_history(self.trials[trial_id].info.run_id, metric)
        return sorted((point.step, point.value, point.timestamp) for point in history)

    def artifacts(self, trial_id: str) -> set[str]:
        return {item.path for item in self.client.list_artifacts(self.trials[trial_id].info.run_id)}


def assert_agrees_with_ledger(store: Store, records: Any, reports: dict[str, list[tuple[int, float, int]]]) -> None:
    """Every trial is one finished run, and every point of the ledger is there once, at its time."""
    assert store.runs_per_trial == Counter(record.trial_id for record in records)
    status = {"completed": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
    for record in records:
        run = store.trials[record.trial_id]
        assert run.info.status == status[record.status]
        assert store.points(record.trial_id, "valid/mae") == reports.get(record.trial_id, [])
        assert len(store.points(record.trial_id, "test/mae")) == (record.test is not None)


def reports_in(events: Any) -> dict[str, list[tuple[int, float, int]]]:
    """Points of ``valid/mae`` by trial, from ledger events."""
    points: dict[str, list[tuple[int, float, int]]] = {}
    for event in events:
        if event.kind == "report":
            point = (event.data["epoch"], event.data["metrics"]["valid/mae"], event.at_ms)
            points.setdefault(event.trial_id, []).append(point)
    return points
