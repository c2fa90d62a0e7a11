"""Capacity of a cluster: how many trials fit while its nodes come and go, and requests to its autoscaler."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Iterator, Mapping

from orchestration.executors.protocol import Resources
from orchestration.process.errors import ResourcesUnavailable

logger = logging.getLogger(__name__)

_IS_FRESH_S = 2.0


class ClusterCapacity:
    """How many trials fit; counts the cluster's nodes at most every two seconds.

    Args:
        resources: of one trial.
        limit: most trials at the same time; None: as many as fit.
        grows: whether to request more nodes while all are in use; a cluster without an autoscaler ignores it.

    Raises:
        ResourcesUnavailable: no trial fits now.
    """

    def __init__(self, resources: Resources, limit: int | None = None, grows: bool = False) -> None:
        self._resources = resources
        self._limit = limit
        self._grows = grows
        self._wanted = 0
        self._count = count_slots(resources, limit)
        self._counted_at = time.monotonic()
        if self._count == 0:
            raise ResourcesUnavailable(_describe_shortage(resources))

    def num_slots(self, num_running: int) -> int:
        """How many trials may run at the same time. num_running: those that do."""
        if time.monotonic() - self._counted_at > _IS_FRESH_S:
            self._count, self._counted_at = count_slots(self._resources, self._limit), time.monotonic()
            if self._grows:
                self._ask_for(num_running)
        return self._count

    def _ask_for(self, num_running: int) -> None:
        """Request twice the capacity while all of it is in use, otherwise the part in use; idle nodes are freed."""
        wanted = 2 * self._count if num_running >= self._count else num_running
        wanted = wanted if self._limit is None else min(wanted, self._limit)
        if wanted != self._wanted:
            _request(self._resources, wanted)
            self._wanted = wanted


@contextlib.contextmanager
def cluster_capacity(resources: Resources, limit: int | None, grows: bool) -> Iterator[ClusterCapacity]:
    """The capacity of the cluster; requests to its autoscaler are withdrawn at the end.

    Args:
        resources: of one trial.
        limit: most trials at the same time; None: as many as fit.
        grows: whether to request more nodes while all are in use.
    """
    capacity = ClusterCapacity(resources, limit, grows)
    try:
        yield capacity
    finally:
        if grows:
            _request(resources, 0)


def _request(resources: Resources, num_trials: int) -> None:
    import ray

    from orchestration.ray_backend.cluster import is_ray_client
    from orchestration.ray_backend.placement import pin_to_driver_node

    bundles = [dict(resources.bundle)] * (resources.workers * num_trials)
    try:
        if is_ray_client():
            # The autoscaler is asked through the cluster's own store, which no client reaches.
            ray.get(
                ray.remote(_ask_autoscaler)
                .options(num_cpus=0, **pin_to_driver_node(is_ray_client=True))
                .remote(bundles)
            )
        else:
            _ask_autoscaler(bundles)
    except Exception as error:
        # A study goes on with the nodes that there are.
        logger.info("the cluster was not asked to grow: %s", error)


def _ask_autoscaler(bundles: list[dict[str, float]]) -> None:
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=bundles)


def ask_cluster(address: str, resources: Resources, limit: int | None = None) -> tuple[int, int]:
    """(trials at the same time, nodes that can train) of a running cluster now; sends no code to it.

    Args:
        address: of the cluster.
        resources: of one trial.
        limit: most trials at the same time; None: as many as fit.

    Raises:
        ClusterUnreachable: there is no cluster at ``address``.
        ResourcesUnavailable: no trial fits now.
    """
    import ray

    from orchestration.ray_backend.cluster import ray_cluster

    with ray_cluster(address, sends_code=False):
        slots = count_slots(resources, limit)
        if slots == 0:
            raise ResourcesUnavailable(_describe_shortage(resources))
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        return slots, sum(node["Alive"] and can_train(node["Resources"], resources) for node in nodes)


def count_slots(resources: Resources, limit: int | None = None) -> int:
    """How many trials the living nodes can run at the same time, at most ``limit``."""
    import ray

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    fit = sum(_count_workers(node, resources.bundle) for node in nodes) // resources.workers
    return fit if limit is None else min(fit, limit)


def can_train(node: Mapping[str, float], resources: Resources) -> bool:
    """Whether a worker fits on a node with these resources."""
    return _count_workers(node, resources.bundle) > 0


def _count_workers(node: Mapping[str, float], bundle: Mapping[str, float]) -> int:
    if not bundle:
        return math.floor(node.get("CPU", 0))
    # A third of a GPU three times must fit on one: the quotient is rounded up by less than any real shortage.
    return min(math.floor(node.get(name, 0.0) / amount + 1e-6) for name, amount in bundle.items())


def _describe_shortage(resources: Resources) -> str:
    import ray

    has: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    shown = ", ".join(f"{name} {has.get(name, 0):g}" for name in resources.bundle)
    needs = ", ".join(f"{name} {amount:g}" for name, amount in resources.bundle.items())
    return (
        f"resources: one trial needs {resources.workers} x ({needs}), the cluster has {shown} in all; "
        "ask for less under `resources`, or add nodes"
    )
