"""Which nodes of the cluster the workers of a trial run on, and which nodes have left."""

from __future__ import annotations

from typing import Any

import ray
from ray.exceptions import RayError
from ray.tune import Callback

from orchestration.ray_backend.private_tune_api import actor_id, worker_of


class WorkerNodes(Callback):
    """Asks every worker at its first trial for the nodes of itself and its peers; Tune calls ``on_trial_start``."""

    def __init__(self) -> None:
        self._workers: dict[str, str] = {}
        self._asked: dict[str, Any] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        actor = worker_of(trial)
        # By its id: a handle would keep the worker alive.
        worker = None if actor is None else actor_id(actor)
        if actor is None or worker is None:
            return
        self._workers[trial.trial_id] = worker
        if worker not in self._asked:
            self._asked[worker] = actor.nodes.remote()

    def of(self, trial_id: str) -> tuple[str, ...]:
        """Ids of the nodes that Tune's trial ran on last; empty if its worker has not answered."""
        asked = self._asked.get(self._workers.get(trial_id, ""))
        if asked is None:
            return ()
        ready, _ = ray.wait([asked], timeout=0)
        try:
            return tuple(ray.get(ready[0])) if ready else ()
        except RayError:
            return ()

    def forget(self, trial_id: str) -> None:
        """Tune's trial has ended."""
        self._workers.pop(trial_id, None)


def dead_nodes() -> frozenset[str]:
    """Ids of the nodes that have left the cluster."""
    return frozenset(node["NodeID"] for node in ray.nodes() if not node["Alive"])  # type: ignore[no-untyped-call]
