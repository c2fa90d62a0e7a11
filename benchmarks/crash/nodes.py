"""A cluster of several nodes on this machine, whose nodes are killed and replaced as spot machines are."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.crash.processes import descendants, training_below


class Nodes:
    """A head that trains nothing, and two nodes with room for one trial each; Ray's files go below ``directory``."""

    def __init__(self, directory: Path) -> None:
        own = directory / "ray"
        own.mkdir(parents=True)
        # Where Ray notes which cluster ``--address auto`` means: not where other users of this machine look.
        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(directory)}
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False, "temp_dir": str(own)}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._nodes: list[Any] = []
        for _ in range(2):
            self.join()

    @property
    def address(self) -> str:
        """What ``--address`` takes."""
        return str(self._cluster.address)

    def workers(self) -> list[int]:
        """Processes that train."""
        return [pid for node in self._nodes for pid in training_below(_raylet(node))]

    def kill_below(self, worker: int) -> None:
        """SIGKILL to everything on the node that ``worker`` runs on, at once."""
        (node,) = (node for node in self._nodes if worker in descendants(_raylet(node)))
        for pid in [_raylet(node), *descendants(_raylet(node))]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def join(self) -> None:
        """Another node joins."""
        self._nodes.append(self._cluster.add_node(num_cpus=1))

    def close(self) -> None:
        """Every node, and what was said of them to the processes of this one."""
        self._cluster.shutdown()  # type: ignore[no-untyped-call]
        del os.environ["RAY_TMPDIR"]


@contextlib.contextmanager
def nodes_in(directory: Path) -> Iterator[Nodes]:
    """A cluster, gone at the end."""
    nodes = Nodes(directory)
    try:
        yield nodes
    finally:
        nodes.close()


def _raylet(node: Any) -> int:
    """The process that all others of ``node`` are below."""
    return int(node.all_processes["raylet"][0].process.pid)
