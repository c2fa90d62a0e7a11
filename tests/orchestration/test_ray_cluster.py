"""What a cluster of our own gives to the workers of a study."""

from __future__ import annotations

import os

from orchestration.executors.ray_cluster import ray_cluster


def test_workers_have_the_priority_of_the_study() -> None:
    with ray_cluster(None, num_cpus=1):
        import ray

        assert ray.get(ray.remote(lambda: os.nice(0)).remote()) == os.nice(0)
