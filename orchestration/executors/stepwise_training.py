"""Stepwise training: a training run in a thread that pauses after each epoch until it may continue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from dmd.job import EpochReport
from orchestration.driver.endings import Ending, ending_of_exception
from orchestration.executors.attempts import Attempt, AttemptLost, raise_if_process_failed
from search_spaces.terms.trial import Trial


class _Abandoned(BaseException):
    """The worker has given up this training run."""


class TrainingSession:
    """One attempt of one trial.

    Args:
        get_attempt: returns what trains, after it has opened the data if they are not open.
        trial: what to train.
        checkpoint_directory: of its training state; None: no state is kept.
    """

    def __init__(self, get_attempt: Callable[[], Attempt], trial: Trial, checkpoint_directory: Path | None) -> None:
        self._get_attempt = get_attempt
        self._trial = trial
        self._directory = checkpoint_directory
        self._happened: queue.SimpleQueue[EpochReport | Ending | AttemptLost] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        self._is_waiting = False
        self._goes_on = True
        self._thread = threading.Thread(target=self._train, name=f"trial-{trial.id}", daemon=True)
        self._thread.start()

    def next(self) -> EpochReport | Ending:
        """Let the training go on and wait for what happens next: another epoch, or its end; or raise AttemptLost."""
        if self._is_waiting:
            self._answers.put(self._goes_on)
        happened = self._happened.get()
        self._is_waiting = isinstance(happened, EpochReport)
        if not self._is_waiting:
            self._thread.join()
        if isinstance(happened, AttemptLost):
            raise happened
        return happened

    def stop(self) -> None:
        """Do not begin another epoch; the ending follows from :meth:`next`."""
        self._goes_on = False

    def abandon(self) -> None:
        """End the training at its next epoch without an ending."""
        self._answers.put(None)

    def _train(self) -> None:
        try:
            self._happened.put(self._get_attempt()(self._trial, self._on_epoch, self._directory))
        except _Abandoned:
            return
        except AttemptLost as lost:
            self._happened.put(lost)
        except BaseException as error:
            # A trial that exits the interpreter ends in this thread only; whatever it raised is how it ended.
            self._happened.put(self._ending_or_loss(ending_of_exception(error)))

    def _ending_or_loss(self, ending: Ending) -> Ending | AttemptLost:
        try:
            return raise_if_process_failed(ending)
        except AttemptLost as lost:
            return lost

    def _on_epoch(self, report: EpochReport) -> bool:
        self._happened.put(report)
        answer = self._answers.get()
        if answer is None:
            raise _Abandoned
        return answer
