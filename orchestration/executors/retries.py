"""How often a trial may lose its workers, and whose fault a loss is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

MAX_RETRIES = 2
"""How many more times a trial is tried after attempts that may have been lost because of it."""
MAX_NODE_LOSSES = 20
"""How many nodes may go while a trial runs on them. Machines that may be taken away at any time go, and that costs the
trials on them nothing; but a trial that brings down every machine it comes to must end."""


@dataclass(frozen=True)
class Loss:
    """An attempt that was lost. reason: in one line. nodes: on which its workers lived, as far as that is known."""

    reason: str
    nodes: tuple[str, ...] = ()


class Losses:
    """The attempts that trials have lost in this session."""

    def __init__(self) -> None:
        self._losses: dict[str, list[Loss]] = {}

    def add(self, trial_id: str, loss: Loss) -> None:
        self._losses.setdefault(trial_id, []).append(loss)

    def of(self, trial_id: str) -> tuple[Loss, ...]:
        return tuple(self._losses.get(trial_id, ()))

    def may_go_on(self, trial_id: str, dead_nodes: Collection[str]) -> bool:
        """Whether the trial is tried once more, with what is known of the nodes by now.

        A worker can be gone some time before its node is known to be, so all losses are judged anew every time.
        """
        of_nodes = self._are_of_nodes(trial_id, dead_nodes)
        return of_nodes.count(False) <= MAX_RETRIES and of_nodes.count(True) <= MAX_NODE_LOSSES

    def is_fault_of_nodes(self, trial_id: str, dead_nodes: Collection[str]) -> bool:
        """Whether a trial that may not go on has only lost nodes too often."""
        return self._are_of_nodes(trial_id, dead_nodes).count(False) <= MAX_RETRIES

    def _are_of_nodes(self, trial_id: str, dead_nodes: Collection[str]) -> list[bool]:
        return [any(node in dead_nodes for node in loss.nodes) for loss in self.of(trial_id)]
