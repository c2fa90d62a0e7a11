"""One process uses a cluster of its own and then one that runs already, as a notebook does."""

from __future__ import annotations

from ray.cluster_utils import Cluster

from orchestration.ray_backend.cluster import ray_cluster


def test_workers_of_a_cluster_without_tokens_run_after_a_cluster_of_our_own() -> None:
    """Ray 2.60 gives a cluster that it starts a token, and this process goes on asking for one."""
    with ray_cluster(None, num_cpus=1):
        pass
    running = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        with ray_cluster(running.address, sends_code=False):
            import ray

            @ray.remote
            class Worker:
                def answer(self) -> int:
                    return 7

            worker = Worker.remote()  # type: ignore[attr-defined]
            assert ray.get(worker.answer.remote(), timeout=60) == 7
    finally:
        running.shutdown()
