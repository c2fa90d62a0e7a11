"""Retries: how often a trial may lose its workers, and whether the trial or its nodes caused the failures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

MAX_RETRIES = 2
"""How many more times a trial is tried after attempts that may have been lost because of it."""
MAX_NODE_LOSSES = 20
"""How many nodes may be lost while a trial runs on them. Preemptible machines disappear at any time, which counts
against no trial; but a trial that crashes every machine it runs on must end."""


@dataclass(frozen=True)
class WorkerFailure:
    """An attempt that lost a worker.

    Attributes:
        reason: one line.
        nodes: ids of the nodes of its workers, as far as they are known.
    """

    reason: str
    nodes: tuple[str, ...] = ()


class RetryPolicy:
    """Counts the failures of this session and decides whether a trial is retried."""

    def __init__(self) -> None:
        self._failures: dict[str, list[WorkerFailure]] = {}

    def add(self, trial_id: str, failure: WorkerFailure) -> None:
        self._failures.setdefault(trial_id, []).append(failure)

    def of(self, trial_id: str) -> tuple[WorkerFailure, ...]:
        return tuple(self._failures.get(trial_id, ()))

    def may_retry(self, trial_id: str, dead_nodes: Collection[str]) -> bool:
        """Whether the trial is tried once more, with what is known of the nodes by now.

        A worker can be gone some time before its node is known to be, so all failures are judged anew every time.
        """
        of_nodes = self._are_of_nodes(trial_id, dead_nodes)
        return of_nodes.count(False) <= MAX_RETRIES and of_nodes.count(True) <= MAX_NODE_LOSSES

    def lost_nodes_only(self, trial_id: str, dead_nodes: Collection[str]) -> bool:
        """Whether a trial that may not be retried has lost nodes too often, and nothing else."""
        return self._are_of_nodes(trial_id, dead_nodes).count(False) <= MAX_RETRIES

    def _are_of_nodes(self, trial_id: str, dead_nodes: Collection[str]) -> list[bool]:
        return [any(node in dead_nodes for node in failure.nodes) for failure in self.of(trial_id)]
