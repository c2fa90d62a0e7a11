"""A training run that is watched epoch by epoch: it runs in a thread and waits after each epoch for leave to go on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from dmd.job import EpochReport
from orchestration.endings import Ending, ending_of_exception, ending_of_result
from orchestration.executors.protocol import RunTrial
from search_spaces.trial import Trial


class _Abandoned(BaseException):
    """Nobody waits for this training run any more."""


class TrainingSession:
    """One attempt of one trial. ``get_run`` makes the worker ready if it is not."""

    def __init__(self, get_run: Callable[[], RunTrial], trial: Trial, checkpoint_directory: Path | None) -> None:
        self._get_run = get_run
        self._trial = trial
        self._directory = checkpoint_directory
        self._happened: queue.SimpleQueue[EpochReport | Ending] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        self._is_waiting = False
        self._goes_on = True
        self._thread = threading.Thread(target=self._train, name=f"trial-{trial.id}", daemon=True)
        self._thread.start()

    def next(self) -> EpochReport | Ending:
        """Let the training go on and wait for what happens next: another epoch, or its end."""
        if self._is_waiting:
            self._answers.put(self._goes_on)
        happened = self._happened.get()
        self._is_waiting = isinstance(happened, EpochReport)
        if not self._is_waiting:
            self._thread.join()
        return happened

    def stop(self) -> None:
        """Do not begin another epoch; the ending follows from :meth:`next`."""
        self._goes_on = False

    def abandon(self) -> None:
        """End the training at its next epoch without an ending."""
        self._answers.put(None)

    def _train(self) -> None:
        try:
            ending = ending_of_result(self._get_run()(self._trial, self._on_epoch, self._directory))
        except _Abandoned:
            return
        except BaseException as error:
            # A trial that exits the interpreter ends in this thread only; whatever it raised is how it ended.
            ending = ending_of_exception(error)
        self._happened.put(ending)

    def _on_epoch(self, report: EpochReport) -> bool:
        self._happened.put(report)
        answer = self._answers.get()
        if answer is None:
            raise _Abandoned
        return answer
