"""Trials on all CPUs and GPUs of a machine or a cluster: one Ray Tune experiment for the whole study."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.driver.driver import Driver
from orchestration.executors.protocol import Resources, Supply, TrialRunner
from orchestration.node_setup.requirements import Cargo
from orchestration.process.interruption import Interruption, StudyInterrupted
from orchestration.process.temporary import temporary_directory
from orchestration.ray_backend.capacity import can_train, cluster_room
from orchestration.ray_backend.cluster import is_driver_outside, ray_cluster

if TYPE_CHECKING:
    # These import Ray, which is quiet only once its variables are set.
    from orchestration.ray_backend.checkpoint_transfer import RayStates
    from orchestration.ray_backend.tune_adapters import TuneBridge


class RayTuneExecutor:
    """Ray Tune schedules; the driver decides.

    resources: of one trial. address: a running cluster, or None for one of our own on this machine, which then declares
    ``num_cpus`` and ``custom``. max_trials: at the same time; None: as many as fit. logs: where those of a cluster
    of our own go; None: nowhere. silence_s: how long nothing may be heard of a trial; None: for ever. A trial that
    loses a worker, or is silent, is tried again from its own checkpoint, as often as :mod:`losses` says. cargo: what
    the nodes of a running cluster must have; None: they have it.
    """

    def __init__(
        self,
        resources: Resources,
        address: str | None = None,
        num_cpus: int | None = None,
        custom: Mapping[str, float] | None = None,
        max_trials: int | None = None,
        logs: Path | None = None,
        silence_s: float | None = None,
        cargo: Cargo | None = None,
    ) -> None:
        self._resources = resources
        self._address = address
        self._num_cpus = num_cpus
        self._custom = custom
        self._max_trials = max_trials
        self._logs = logs
        self._silence_s = silence_s
        self._cargo = cargo if address is not None else None

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        if driver.has_all_given_out:
            return
        cluster = ray_cluster(self._address, self._num_cpus, self._custom, self._logs, interruption=interruption)
        with cluster as ends_with_study, ExitStack() as opened:
            from orchestration.executors.hang_detector import SilenceWatch
            from orchestration.ray_backend.tune_adapters import TuneBridge

            is_given = self._address is not None
            room = opened.enter_context(cluster_room(self._resources, self._max_trials, grows=is_given))
            with interruption.waiting():
                supply = None if self._cargo is None else _open_supply(self._cargo, self._resources)
            states = _open_states(driver.checkpoints, opened) if is_given else None
            interruption.raise_if_requested()
            # How many workers Tune may have starting at once; by default it starts them one after the other.
            os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(room.num_slots(driver.num_running))
            silence = SilenceWatch(self._silence_s)
            bridge = TuneBridge(driver, room, interruption, silence, states, leaves_all=ends_with_study)
            storage = opened.enter_context(temporary_directory("tune-"))
            _fit(bridge, {"runner": runner, "resources": self._resources, "supply": supply, "states": states}, storage)
            if bridge.error is not None:
                raise bridge.error
            if not bridge.has_all_ended():
                # Also where Tune has ended by itself: what is left to do is not done.
                raise StudyInterrupted


def _open_supply(cargo: Cargo, resources: Resources) -> Supply:
    """What gets every node ready; those that are there now are."""
    from orchestration.ray_backend.file_transfer import open_supply, require_fit_nodes

    supply = open_supply(cargo, is_driver_outside())
    require_fit_nodes(supply, lambda node: can_train(node, resources))
    return supply


def _open_states(checkpoints: Path | None, opened: ExitStack) -> RayStates | None:
    """What carries checkpoints of nodes that do not see the driver's directory of them."""
    from orchestration.ray_backend.checkpoint_transfer import open_states

    if checkpoints is None:
        return None
    directory = checkpoints.absolute()
    study = hashlib.sha256(f"{socket.gethostname()}:{directory}".encode()).hexdigest()[:16]
    return opened.enter_context(open_states(directory, study, is_driver_outside()))


def _fit(bridge: TuneBridge, parameters: Mapping[str, Any], storage: Path) -> None:
    """parameters: of every worker, for TrialTrainable.setup."""
    from ray import tune

    from orchestration.ray_backend.private_client import let_tune_run_outside
    from orchestration.ray_backend.private_oom import expect_want_of_memory
    from orchestration.ray_backend.trainable import TrialTrainable
    from orchestration.ray_backend.tune_adapters import BridgeStopper, DriverScheduler, DriverSearcher, OwnSignals

    expect_want_of_memory()
    if is_driver_outside():
        let_tune_run_outside(storage)
    resources: Resources = parameters["resources"]
    trainable = tune.with_resources(
        tune.with_parameters(TrialTrainable, **parameters),
        tune.PlacementGroupFactory([resources.bundle] * resources.workers),
    )
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
