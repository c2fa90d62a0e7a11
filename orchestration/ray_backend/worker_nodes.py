"""On which nodes of the cluster the workers of a trial live, and which nodes are gone."""

from __future__ import annotations

from typing import Any

import ray
from ray.exceptions import RayError
from ray.tune import Callback


class WorkerNodes(Callback):
    """Asks every worker, when it begins its first trial, on which nodes it and its peers live."""

    def __init__(self) -> None:
        self._workers: dict[str, str] = {}
        self._asked: dict[str, Any] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        actor = trial.temporary_state.ray_actor
        # By name: whoever keeps a handle keeps the worker alive.
        worker = actor._actor_id.hex()
        self._workers[trial.trial_id] = worker
        if worker not in self._asked:
            self._asked[worker] = actor.nodes.remote()

    def of(self, trial_id: str) -> tuple[str, ...]:
        """Ids of the nodes that Tune's trial ran on last; empty if its worker never said so."""
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
    """Ids of the nodes that were once in the cluster and are no more."""
    return frozenset(node["NodeID"] for node in ray.nodes() if not node["Alive"])  # type: ignore[no-untyped-call]
