"""Protocols between the driver of a study and the processes that train: Executor, TrialRunner, RunTrial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dmd.job import JobResult, OnEpoch, WorkerRank
from search_spaces.terms.trial import Trial

if TYPE_CHECKING:
    # Workers import this module; the driver and Optuna behind it stay out of their memory.
    from dmd.data.dataset.dataset import Dataset
    from orchestration.driver.driver import Driver
    from orchestration.process.interruption import Interruption


class RunTrial(Protocol):
    """Trains one trial.

    Args:
        trial: to train.
        on_epoch: called after every epoch; it returns False to stop the training now.
        checkpoint_directory: state of an earlier attempt that is continued, and the place for new state; None: no state
            is kept.
        worker: the rank of this process among those that train the trial together.
    """

    def __call__(
        self,
        trial: Trial,
        on_epoch: OnEpoch,
        checkpoint_directory: Path | None,
        worker: WorkerRank = WorkerRank(),  # noqa: B008 (frozen)
    ) -> JobResult: ...


@dataclass(frozen=True)
class NodeInputs:
    """What trials read on one machine.

    Attributes:
        dataset: opened there.
        directories: by the name in the settings (``bert.path``), the local copy of each text encoder that was shipped.
    """

    dataset: Dataset
    directories: Mapping[str, Path] = field(default_factory=dict)


class FileProvider(Protocol):
    """Prepares a node of a cluster: picklable and small, every worker has one.

    The driver calls ``prepare_node`` once on every node before the first trial, and the TrialRunner once in every
    worker.
    """

    def prepare_node(self) -> NodeInputs:
        """Check this node's software, copy what it lacks, and open it.

        Raises:
            NodeIncompatible: its software would give other numbers, or a file cannot be copied.
        """
        ...


class TrialRunner(Protocol):
    """What is sent to every worker, once: picklable and small. It says how to get ready, it holds no data.

    The executor calls :meth:`open` once in every worker process before its first trial, and then the function that it
    returns once per attempt of a trial, one attempt after the other.
    """

    def open(self, provider: FileProvider | None = None) -> RunTrial:
        """Get ready (open the data) and return what runs trials; called once per worker.

        Args:
            provider: prepares a node of a cluster; None: everything is where the runner says.
        """
        ...


@dataclass(frozen=True)
class Resources:
    """What one trial needs.

    Attributes:
        cpu: cores per worker, fractions allowed.
        gpu: GPUs per worker, fractions allowed.
        workers: processes that train one trial together.
        custom: further resources that the cluster declares, name -> amount per worker.
    """

    cpu: float = 1.0
    gpu: float = 0.0
    workers: int = 1
    custom: Mapping[str, float] = field(default_factory=dict)

    @property
    def bundle(self) -> dict[str, float]:
        """Needs of one worker in Ray's words, zeros left out."""
        needs = {"CPU": self.cpu, "GPU": self.gpu, **self.custom}
        return {name: amount for name, amount in needs.items() if amount > 0}


class Executor(Protocol):
    """Runs every trial that the driver gives out.

    ``run_study`` calls :meth:`run` once per session, in the driver's process and main thread. The executor calls the
    driver from that thread only, for every trial in this order: ``next_trial`` (which counts the first attempt),
    ``on_epoch`` after every epoch, ``on_attempt`` whenever the trial starts again after it lost a worker, ``on_end``
    once. The driver never calls the executor.
    """

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        """Return when the driver has given out all trials and all have ended.

        Args:
            driver: gives out trials and takes their epochs and endings; whatever it raises (a full disk) passes
                through.
            runner: sent to every worker.
            interruption: of the session.

        Raises:
            StudyInterrupted: soon after ``interruption`` is requested; trials that ran then stay running in the ledger.
        """
        ...
