"""What trials have on the driver's disk: a training state while they run, details and weights once they have ended."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dmd.job import WEIGHTS_FILE
from orchestration.driver.reusable_results import ReusableResult
from orchestration.ledger.study_directory import weights_path
from orchestration.process.atomic_files import make_folder, put_in_place, write_whole
from reports.records.details import Details, details_path, encode_details
from reports.records.run_record import Status
from search_spaces.terms.trial import Trial


@dataclass(frozen=True)
class TrialFiles:
    """The files of a study's trials.

    Attributes:
        checkpoints: directory under which every trial has one for its training state; None: no state is kept.
        artifacts: directory for the per-item outputs and the weights of ended trials; None: they are dropped.
        keeps_weights: whether the weights of reused trials are copied to it, where they are at hand.
    """

    checkpoints: Path | None
    artifacts: Path | None
    keeps_weights: bool

    def checkpoint_directory(self, trial: Trial) -> Path | None:
        """Where ``trial`` keeps its training state."""
        return None if self.checkpoints is None else (self.checkpoints / trial.id).absolute()

    def keep(self, trial: Trial, details: Details) -> None:
        """Keep what a trial that has run leaves.

        The file of its weights, which the worker has left beside the training state and every executor brings here,
        moves to the artifacts: it passes through no process's memory.
        """
        self._keep_details(trial, details)
        directory = self.checkpoint_directory(trial)
        if self.artifacts is not None and directory is not None and (directory / WEIGHTS_FILE).is_file():
            make_folder(self.artifacts)
            put_in_place({directory / WEIGHTS_FILE: weights_path(self.artifacts, trial.id)})

    def keep_reused(self, trial: Trial, reusable: ReusableResult) -> None:
        """Keep what another study has of a trial."""
        if self.artifacts is None:
            return
        self._keep_details(trial, reusable.read_details() or {})
        if self.keeps_weights and (weights := reusable.read_weights()) is not None:
            write_whole(weights_path(self.artifacts, trial.id), weights)

    def remove_state(self, trial: Trial, status: Status) -> None:
        """Remove the training state of a trial that has ended.

        A confirm trial that failed keeps its own for people to look at; of a completed one the weights are the rest.
        """
        directory = self.checkpoint_directory(trial)
        if directory is not None and (trial.stage == "search" or status == "completed"):
            shutil.rmtree(directory, ignore_errors=True)

    def _keep_details(self, trial: Trial, details: Details) -> None:
        if self.artifacts is not None and details:
            write_whole(details_path(self.artifacts, trial.id), encode_details(details))
