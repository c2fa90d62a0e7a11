"""The further workers of a trial as Ray actors: one in each bundle of its placement group after the first."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import ray
from ray.util import get_current_placement_group, get_node_ip_address
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from dmd.job import WorkerRank
from orchestration.executors.multi_worker import Outcome, train_as_worker
from orchestration.executors.protocol import FileProvider, Resources, RunTrial, TrialRunner
from search_spaces.terms.trial import Trial


class PeerWorker:
    """The actor. Ray ends it together with the worker that created it.

    The trial's first worker calls ``node`` and, for every attempt, ``train``.
    """

    def __init__(self, runner: TrialRunner, provider: FileProvider | None) -> None:
        self._runner = runner
        self._provider = provider
        self._run_trial: RunTrial | None = None

    def node(self) -> str:
        """Id of the node that this worker runs on."""
        return node_id()

    def train(self, trial: Trial, worker: WorkerRank) -> Outcome:
        """This worker's share of one attempt."""
        return train_as_worker(self._get_run_trial, trial, worker)

    def _get_run_trial(self) -> RunTrial:
        if self._run_trial is None:
            self._run_trial = self._runner.open(self._provider)
        return self._run_trial


class RayPeer:
    """A :class:`orchestration.executors.multi_worker.Peer` that is an actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def start(self, trial: Trial, worker: WorkerRank) -> Future[Outcome]:
        outcome: Future[Outcome] = self._actor.train.remote(trial, worker).future()
        return outcome

    def node(self) -> str:
        """Id of the node that the actor runs on; waits until it has started. Raises RayError if it cannot start."""
        return str(ray.get(self._actor.node.remote()))

    def close(self) -> None:
        """Kill the actor."""
        ray.kill(self._actor)


def make_peers(runner: TrialRunner, resources: Resources, provider: FileProvider | None) -> list[RayPeer]:
    """One peer in each bundle of this trial's placement group but the first, where the calling worker runs.

    Args:
        runner: what the peers run.
        resources: of the trial.
        provider: prepares a node of a cluster; None: everything is where the runner says.
    """
    peers = []
    for rank in range(1, resources.workers):
        group = get_current_placement_group()
        assert group is not None, "a trial runs in a placement group"
        options = {
            "num_cpus": resources.cpu,
            "num_gpus": resources.gpu,
            "resources": dict(resources.custom),
            "scheduling_strategy": PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank),
        }
        peers.append(RayPeer(ray.remote(PeerWorker).options(**options).remote(runner, provider)))
    return peers


def node_address() -> str:
    """The address under which other nodes of the cluster reach this one."""
    return str(get_node_ip_address())  # type: ignore[no-untyped-call]


def node_id() -> str:
    """Id of this node in the cluster."""
    return str(ray.get_runtime_context().get_node_id())
