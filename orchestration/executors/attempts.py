"""One attempt to train one trial, from a process alone or from several together, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dmd.job import OnEpoch
from orchestration.driver.endings import Ending, ending_of_exception, ending_of_result
from orchestration.executors.protocol import RunTrial
from search_spaces.terms.trial import Trial

Attempt = Callable[[Trial, OnEpoch, Path | None], Ending]
"""(trial, on_epoch, checkpoint directory) -> ending. Raises AttemptLost; what is no ``Exception`` passes through."""


class AttemptLost(Exception):
    """The process that trained the trial died or has no memory left, or one of its partners.

    That is no ending: the trial goes on from its checkpoint.
    """


def attempt_single_worker(run_trial: RunTrial) -> Attempt:
    """Attempts of a process that trains its trials alone."""

    def attempt(trial: Trial, on_epoch: OnEpoch, checkpoint_directory: Path | None) -> Ending:
        try:
            return ending_of_result(run_trial(trial, on_epoch, checkpoint_directory))
        except Exception as error:
            return raise_if_process_failed(ending_of_exception(error))

    return attempt


def raise_if_process_failed(ending: Ending) -> Ending:
    """``ending``, unless the process failed, for lack of memory.

    How much memory there is depends on other processes and on what earlier trials left in this one, which would fail
    the next trial too. So the failure is not the trial's.

    Raises:
        AttemptLost: if the process failed.
    """
    if ending.is_process_failure:
        raise AttemptLost(f"its process could not go on: {ending.error}")
    return ending
