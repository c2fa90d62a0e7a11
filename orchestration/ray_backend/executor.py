"""Trials on all CPUs and GPUs of a machine or a cluster: one Ray Tune experiment for the whole study."""

from __future__ import annotations

import contextlib
import hashlib
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.driver.driver import Driver
from orchestration.executors.protocol import FileProvider, Resources, TrialRunner
from orchestration.node_setup.requirements import NodeRequirements
from orchestration.process.interruption import Interruption, StudyInterrupted
from orchestration.process.temporary import temporary_directory
from orchestration.ray_backend.capacity import can_train, cluster_capacity
from orchestration.ray_backend.cluster import is_ray_client, ray_cluster
from orchestration.ray_backend.early_cluster import EarlyCluster
from orchestration.ray_backend.environment import limit_pending_trials

if TYPE_CHECKING:
    # These import Ray, which is quiet only once its variables are set.
    from orchestration.ray_backend.checkpoint_transfer import CheckpointTransfer
    from orchestration.ray_backend.tune_adapters import TuneBridge


class RayTuneExecutor:
    """Ray Tune schedules; the driver decides.

    A trial that loses a worker, or hangs, is retried from its own checkpoint as often as
    :mod:`orchestration.executors.retries` allows.

    Args:
        resources: of one trial.
        address: of a running cluster; None: start one on this machine.
        num_cpus: CPUs that a cluster of our own declares; None: the machine's.
        custom: further resources that a cluster of our own declares.
        max_trials: at the same time; None: as many as fit.
        logs: where to copy the logs of a cluster of our own; None: nowhere.
        trial_timeout_s: seconds without a report after which a trial counts as hung; None: no limit.
        requirements: what the nodes of a running cluster must have; None: they have it.
        cluster: of our own, started already; it is closed when the study ends. None: one is started.
    """

    def __init__(
        self,
        resources: Resources,
        address: str | None = None,
        num_cpus: int | None = None,
        custom: Mapping[str, float] | None = None,
        max_trials: int | None = None,
        logs: Path | None = None,
        trial_timeout_s: float | None = None,
        requirements: NodeRequirements | None = None,
        cluster: EarlyCluster | None = None,
    ) -> None:
        self._resources = resources
        self._address = address
        self._num_cpus = num_cpus
        self._custom = custom
        self._max_trials = max_trials
        self._logs = logs
        self._trial_timeout_s = trial_timeout_s
        self._requirements = requirements if address is not None else None
        self._cluster = cluster

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        if driver.has_all_given_out:
            return
        with self._connection(interruption) as ends_with_study, ExitStack() as opened:
            from orchestration.executors.hang_detector import HangDetector
            from orchestration.ray_backend.tune_adapters import TuneBridge

            is_given = self._address is not None
            capacity = opened.enter_context(cluster_capacity(self._resources, self._max_trials, grows=is_given))
            with interruption.waiting():
                provider = None if self._requirements is None else _prepare_nodes(self._requirements, self._resources)
            transfer = _start_checkpoint_store(driver.checkpoints, opened) if is_given else None
            interruption.raise_if_requested()
            limit_pending_trials(capacity.num_slots(driver.num_running))
            hang_detector = HangDetector(self._trial_timeout_s)
            bridge = TuneBridge(
                driver=driver,
                capacity=capacity,
                interruption=interruption,
                hang_detector=hang_detector,
                transfer=transfer,
                leaves_all=ends_with_study,
            )
            storage = opened.enter_context(temporary_directory("tune-"))
            worker = {"runner": runner, "resources": self._resources, "provider": provider, "transfer": transfer}
            _fit(bridge, worker, storage, not is_given)
            if bridge.error is not None:
                raise bridge.error
            if not bridge.has_all_ended():
                # Also where Tune has ended by itself: what is left to do is not done.
                raise StudyInterrupted

    def _connection(self, interruption: Interruption) -> AbstractContextManager[bool]:
        if self._cluster is not None:
            return self._cluster.taken(self._logs, interruption)
        return ray_cluster(self._address, self._num_cpus, self._custom, lambda: self._logs, interruption=interruption)


def _prepare_nodes(requirements: NodeRequirements, resources: Resources) -> FileProvider:
    """A provider for nodes that join later; all nodes that are there now are prepared."""
    from orchestration.ray_backend.file_transfer import require_compatible_nodes, start_file_server

    provider = start_file_server(requirements, is_ray_client())
    require_compatible_nodes(provider, lambda node: can_train(node, resources))
    return provider


def _start_checkpoint_store(checkpoints: Path | None, opened: ExitStack) -> CheckpointTransfer | None:
    """For nodes that do not share the driver's disk; None if the study keeps no checkpoints."""
    from orchestration.ray_backend.checkpoint_transfer import start_checkpoint_store

    if checkpoints is None:
        return None
    directory = checkpoints.absolute()
    study = hashlib.sha256(f"{socket.gethostname()}:{directory}".encode()).hexdigest()[:16]
    return opened.enter_context(start_checkpoint_store(directory, study, is_ray_client()))


def _fit(bridge: TuneBridge, parameters: Mapping[str, Any], storage: Path, is_own_cluster: bool) -> None:
    """parameters: of every worker, for TrialTrainable.setup."""
    from ray import tune

    from orchestration.ray_backend.private_tune_api import (
        any_worker_serves,
        idle_workers_stay,
        redirect_tune_session_dir,
        treat_oom_kill_as_actor_death,
    )
    from orchestration.ray_backend.trainable import TrialTrainable
    from orchestration.ray_backend.tune_adapters import BridgeStopper, DriverScheduler, DriverSearcher, OwnSignals

    resources: Resources = parameters["resources"]
    trainable = tune.with_resources(
        tune.with_parameters(TrialTrainable, **parameters),
        tune.PlacementGroupFactory([resources.bundle] * resources.workers),
    )
    redirected = redirect_tune_session_dir(storage) if is_ray_client() else contextlib.nullcontext()
    with ExitStack() as changed:
        changed.enter_context(treat_oom_kill_as_actor_death())
        changed.enter_context(redirected)
        if is_own_cluster:
            changed.enter_context(any_worker_serves())
            changed.enter_context(idle_workers_stay())
        tune.run(
            trainable,
            name="study",
            storage_path=str(storage),
            search_alg=DriverSearcher(bridge),
            scheduler=DriverScheduler(bridge),
            stop=BridgeStopper(bridge),
            num_samples=-1,
            # Tune does not know whose fault a loss is, and would count some twice: the bridge gives trials out again.
            max_failures=0,
            raise_on_failed_trial=False,
            reuse_actors=True,
            callbacks=[OwnSignals(), bridge.nodes],
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            trial_dirname_creator=lambda trial: str(trial.trial_id),
            verbose=0,
            # The decisions are made here, where the ledger is, also when this driver is outside the cluster.
            _remote=False,
        )
