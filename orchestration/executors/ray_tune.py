"""Trials on all CPUs and GPUs of a machine or a cluster: one Ray Tune experiment for the whole study."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.driver import Driver
from orchestration.executors.protocol import Resources, TrialRunner
from orchestration.executors.ray_cluster import ray_cluster, slot_counter
from orchestration.interruption import Interruption, StudyInterrupted
from orchestration.temporary import temporary_directory


class RayTuneExecutor:
    """Ray Tune schedules; the driver decides.

    resources: of one trial. address: a running cluster, or None for one of our own on this machine, which then declares
    ``num_cpus`` and ``custom``. max_trials: at the same time; None: as many as fit. logs: where those of a cluster
    of our own go; None: nowhere. silence_s: how long nothing may be heard of a trial; None: for ever. A trial that
    loses a worker, or is silent, is tried again from its own checkpoint, as often as :mod:`losses` says.
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
    ) -> None:
        self._resources = resources
        self._address = address
        self._num_cpus = num_cpus
        self._custom = custom
        self._max_trials = max_trials
        self._logs = logs
        self._silence_s = silence_s

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        if driver.has_all_given_out:
            return
        with ray_cluster(self._address, self._num_cpus, self._custom, self._logs):
            interruption.listen_again()
            if interruption.is_requested:
                raise StudyInterrupted
            from orchestration.executors.ray_adapters import TuneBridge
            from orchestration.executors.silence import SilenceWatch

            num_slots = slot_counter(self._resources, self._max_trials)
            # How many workers Tune may have starting at once; by default it starts them one after the other.
            os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(num_slots())
            bridge = TuneBridge(driver, num_slots, interruption, SilenceWatch(self._silence_s))
            with temporary_directory("tune-") as storage:
                _fit(bridge, runner, self._resources, str(storage))
            if bridge.error is not None:
                raise bridge.error
            if interruption.is_requested and not (driver.has_all_given_out and driver.num_running == 0):
                raise StudyInterrupted


def _fit(bridge: Any, runner: TrialRunner, resources: Resources, storage: str) -> None:
    from ray import tune

    from orchestration.executors.ray_adapters import BridgeStopper, DriverScheduler, DriverSearcher
    from orchestration.executors.ray_memory import expect_want_of_memory
    from orchestration.executors.ray_trainable import TrialTrainable

    expect_want_of_memory()
    trainable = tune.with_resources(
        tune.with_parameters(TrialTrainable, runner=runner, resources=resources),
        tune.PlacementGroupFactory([resources.bundle] * resources.workers),
    )
    tuner = tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=DriverSearcher(bridge),
            scheduler=DriverScheduler(bridge),
            num_samples=-1,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: str(trial.trial_id),
        ),
        run_config=tune.RunConfig(
            name="study",
            storage_path=storage,
            verbose=0,
            stop=BridgeStopper(bridge),
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            # Tune does not know whose fault a loss is, and would count some twice: the bridge gives trials out again.
            failure_config=tune.FailureConfig(max_failures=0),
            callbacks=[bridge.nodes],
        ),
    )
    tuner.fit()
