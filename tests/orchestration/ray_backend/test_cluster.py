"""What a cluster gives to the workers of a study, and what it says of its room."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from orchestration.dry_run.capacity import Capacity, measure_capacity
from orchestration.process.errors import ResourcesUnavailable
from orchestration.ray_backend.cluster import ray_cluster
from search_spaces.schema.schema import Resources


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    with ray_cluster(None, num_cpus=3):
        yield


def test_workers_have_the_priority_of_the_study() -> None:
    import ray

    assert ray.get(ray.remote(lambda: os.nice(0)).remote()) == os.nice(0)


def test_workers_that_are_ready_serve_whoever_reserves_the_processors() -> None:
    """findings/ray-reservation-ends-ready-workers.sh: Ray would end them within two seconds."""
    import ray
    from ray.util import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    @ray.remote(num_cpus=1)
    def process() -> int:
        time.sleep(0.5)  # so that the next one needs another
        return os.getpid()

    ready = set(ray.get([process.remote() for _ in range(3)]))
    group = placement_group([{"CPU": 1}] * 3)
    assert group.wait(30)
    time.sleep(2)
    served = process.options(scheduling_strategy=PlacementGroupSchedulingStrategy(group))
    assert set(ray.get([served.remote() for _ in range(3)])) >= ready
    remove_placement_group(group)


@pytest.mark.parametrize(
    ("wanted", "slots"),
    [
        (Resources(cpu=1), 3),
        (Resources(cpu=0.5, workers=2), 3),
        (Resources(cpu=2), 1),
        (Resources(cpu=1, max_concurrent=2), 2),
    ],
)
def test_the_room_of_a_cluster_is_what_its_nodes_hold(wanted: Resources, slots: int) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert measure_capacity(wanted, "ray", "auto") == Capacity(slots, num_nodes=1)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_cluster_without_room_is_said_before_anything_starts() -> None:
    with pytest.raises(ResourcesUnavailable, match=r"one trial needs 1 x \(CPU 4\), the cluster has CPU 3 in all"):
        measure_capacity(Resources(cpu=4), "ray", "auto")
