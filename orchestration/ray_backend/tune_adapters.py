"""Ray Tune's searcher, scheduler and stopper as thin adapters of the driver."""

from __future__ import annotations

import logging
import signal
import threading
from collections import deque
from typing import Any

import ray
from ray.tune import Callback, Stopper
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from orchestration.driver.driver import Driver
from orchestration.driver.endings import Ending, ending_of_lost_worker
from orchestration.executors.hang_detector import HangDetector
from orchestration.executors.retries import RetryPolicy, WorkerFailure
from orchestration.process.interruption import Interruption, StudyInterrupted
from orchestration.process.signals import handled_signals
from orchestration.ray_backend.capacity import ClusterCapacity
from orchestration.ray_backend.checkpoint_transfer import CheckpointTransfer
from orchestration.ray_backend.private_tune_api import error_file_of, take_from_result, worker_of
from orchestration.ray_backend.trainable import CHECKPOINT_DIRECTORY, ENDING, REPORT, TRIAL
from orchestration.ray_backend.worker_nodes import WorkerNodes, dead_nodes
from search_spaces.terms.trial import Trial

logger = logging.getLogger(__name__)

_LOW_MEMORY = "running low on memory"


class TuneBridge:
    """State shared by the adapters: the driver, our trial for each trial of Tune, and the first error of the driver.

    A trial of Tune is one attempt of one of ours. Tune retries nothing: a trial that lost its workers starts again
    as another trial of Tune. Tune takes an exception in an adapter for a failure of the trial, so errors are kept here
    and end the experiment.

    Args:
        driver: decides which trials run and which stop.
        capacity: of the cluster.
        interruption: of the study.
        hang_detector: finds trials that do not report.
        transfer: of checkpoints; None: the workers share the driver's disk.
        leaves_all: whether the connection to Ray ends with the study, which then need not end its workers.
    """

    def __init__(
        self,
        driver: Driver,
        capacity: ClusterCapacity,
        interruption: Interruption,
        hang_detector: HangDetector,
        transfer: CheckpointTransfer | None = None,
        leaves_all: bool = False,
    ) -> None:
        self.driver = driver
        self.leaves_all = leaves_all
        self.transfer = transfer
        self.hang_detector = hang_detector
        self.capacity = capacity
        self.interruption = interruption
        self.error: Exception | None = None
        self.nodes = WorkerNodes()
        self.trials: dict[str, Trial] = {}
        self.tune_trials: dict[str, Any] = {}
        self._retries = RetryPolicy()
        self._lost: deque[Trial] = deque()

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles its parts for a restore of its own, which is never used: the ledger holds the state.
        return {}

    @property
    def must_stop(self) -> bool:
        return self.error is not None or self.interruption.is_requested

    def keep_error(self, error: Exception) -> None:
        self.error = self.error or error

    def next_trial(self) -> Trial | None:
        """The next trial to start, of those that lost their workers first; None if there is none now."""
        if self._lost:
            trial = self._lost.popleft()
            self.driver.on_attempt(trial)
            return trial
        num_running = self.driver.num_running
        return self.driver.next_trial() if num_running < self.capacity.num_slots(num_running) else None

    def has_all_ended(self) -> bool:
        """True if ``next_trial`` will never give a trial again: one that runs may still be lost, and given again."""
        return self.driver.has_all_given_out and self.driver.num_running == 0

    def end(self, trial_id: str, ending: Ending) -> None:
        """Tune's trial has ended, and ours with it."""
        trial = self._forget(trial_id)
        try:
            self._download_checkpoint(trial, ending)
            self.driver.on_end(trial, ending)
        except Exception as error:
            self.keep_error(error)

    def lose(self, trial_id: str, reason: str) -> None:
        """Tune's trial has lost its workers: ours is given out again, or ends if it has lost them too often."""
        trial = self.trials[trial_id]
        self._retries.add(trial.id, WorkerFailure(reason, self.nodes.of(trial_id)))
        dead = dead_nodes()
        if not self._retries.may_retry(trial.id, dead):
            is_lost = self._retries.lost_nodes_only(trial.id, dead)
            self.end(trial_id, ending_of_lost_worker(len(self._retries.of(trial.id)), reason, is_lost))
            return
        logger.info("trial %s lost its workers (%s) and is tried again from its checkpoint", trial.id, reason)
        self._lost.append(self._forget(trial_id))

    def _download_checkpoint(self, trial: Trial, ending: Ending) -> None:
        directory = self.driver.checkpoint_directory(trial)
        if self.transfer is not None and directory is not None and ending.session_error is None:
            self.transfer.download(trial.id, directory, is_kept=trial.stage == "confirm")

    def _forget(self, trial_id: str) -> Trial:
        self.tune_trials.pop(trial_id, None)
        self.nodes.forget(trial_id)
        return self.trials.pop(trial_id)


class DriverSearcher(Searcher):
    """Asks the driver for trials and tells it their ends.

    It never asks ahead of a free place: a trial that is proposed earlier than needed is proposed knowing less, and with
    one worker a search must go as it would without Ray.
    """

    def __init__(self, bridge: TuneBridge) -> None:
        super().__init__()
        self._bridge = bridge

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        bridge = self._bridge
        if bridge.must_stop:
            return str(Searcher.FINISHED)
        try:
            if bridge.has_all_ended():
                return str(Searcher.FINISHED)
            trial = bridge.next_trial()
        except Exception as error:
            bridge.keep_error(error)
            return None
        if trial is None:
            if bridge.driver.num_running == 0 and not bridge.driver.has_all_given_out:
                bridge.keep_error(RuntimeError("a source gives no trial although nothing runs"))
            return None
        bridge.trials[trial_id] = trial
        directory = bridge.driver.checkpoint_directory(trial)
        return {TRIAL: trial, CHECKPOINT_DIRECTORY: None if directory is None else str(directory)}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the scheduler has heard of it."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the ledger holds the state."""


class DriverScheduler(TrialScheduler):
    """Passes epochs to the driver. A stop goes to the worker, which then ends the trial with a full result."""

    def __init__(self, bridge: TuneBridge) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._bridge = bridge

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        self._bridge.tune_trials[trial.trial_id] = trial

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        bridge = self._bridge
        bridge.hang_detector.report(trial.trial_id)
        try:
            decision = bridge.driver.on_epoch(bridge.trials[trial.trial_id], result[REPORT])
        except Exception as error:
            bridge.keep_error(error)
        else:
            if decision == "stop" and (worker := worker_of(trial)) is not None:
                worker.request_stop.remote()
        return str(TrialScheduler.CONTINUE)

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        ending = take_from_result(trial, result, ENDING)
        if ending is not None:
            self._bridge.end(trial.trial_id, ending)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        bridge = self._bridge
        if not bridge.must_stop:
            try:
                bridge.lose(trial.trial_id, _last_words(trial))
            except Exception as error:
                bridge.keep_error(error)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Trials are only removed when the study is interrupted; they stay running in the ledger."""

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """None: Tune starts pending trials in the order in which they came, without a scan of all trials."""

    def debug_string(self) -> str:
        return "stopping rules of the study"


class BridgeStopper(Stopper):
    """Ends the experiment when the study is interrupted or the driver failed, without waiting for epochs to end.

    Tune would first wait for workers that are just starting; where all go with the connection, it is left at once.
    """

    def __init__(self, bridge: TuneBridge) -> None:
        self._bridge = bridge

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        bridge = self._bridge
        if not bridge.must_stop:
            self._kill_hung_workers()
            return False
        for trial in bridge.tune_trials.values():
            if (worker := worker_of(trial)) is not None:
                ray.kill(worker)
        bridge.tune_trials.clear()
        if bridge.leaves_all and bridge.error is None and not bridge.has_all_ended():
            raise StudyInterrupted
        return True

    def _kill_hung_workers(self) -> None:
        """Kill the workers of trials that hang; the trials are retried, as after any other death."""
        bridge = self._bridge
        running = {name: trial for name, trial in bridge.tune_trials.items() if trial.status == TuneTrial.RUNNING}
        for name in bridge.hang_detector.find_hung(running):
            worker = worker_of(running[name])
            if worker is not None:
                logger.warning(
                    "trial %s: no report for %g s; its worker is killed and the trial is retried from its checkpoint",
                    bridge.trials[name].id,
                    bridge.hang_detector.limit_s,
                )
                ray.kill(worker)


class OwnSignals(Callback):
    """Tune's loop takes SIGUSR1 for itself, and then ends as if all were done: what stops a study is decided by the
    study. Made before Tune runs."""

    def __init__(self) -> None:
        handlers = {number: signal.getsignal(number) for number in handled_signals()}
        self._handlers = {number: handler for number, handler in handlers.items() if handler is not None}

    def setup(self, *conditions: Any, **info: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._handlers.items():
                signal.signal(number, handler)


def _last_words(trial: Any) -> str:
    """What ended the worker of Tune's trial, from the file that Tune keeps for the trial.

    It stands at the end; where Ray's memory monitor did it, advice follows.
    """
    path = error_file_of(trial)
    lines = path.read_text(errors="replace").strip().splitlines() if path is not None and path.exists() else [""]
    return next((line for line in lines if _LOW_MEMORY in line), lines[-1]).strip()
