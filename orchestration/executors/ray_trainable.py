"""What Ray Tune runs on a worker: one epoch per step, the process and its data kept from trial to trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray import tune

from dmd.job import EpochReport
from orchestration.executors.protocol import RunTrial, TrialRunner
from orchestration.executors.session import TrainingSession

# Keys of what a step returns, read by the adapters on the driver's side.
REPORT = "epoch_report"
ENDING = "ending"
# Keys of Tune's configuration of a trial.
TRIAL = "trial"
CHECKPOINT_DIRECTORY = "checkpoint_directory"


class TrialTrainable(tune.Trainable):
    """Runs one trial after the other.

    Whatever a training run raises is returned as an ending, so that Tune's retries are left for lost workers alone.
    """

    def setup(self, config: dict[str, Any], runner: TrialRunner) -> None:  # type: ignore[override]
        self._runner = runner
        self._run_trial: RunTrial | None = None
        self._session: TrainingSession | None = None

    def step(self) -> dict[str, Any]:
        if self._session is None:
            directory = self.config[CHECKPOINT_DIRECTORY]
            self._session = TrainingSession(
                self._get_run, self.config[TRIAL], None if directory is None else Path(directory)
            )
        happened = self._session.next()
        if isinstance(happened, EpochReport):
            return {REPORT: happened}
        self._session = None
        return {ENDING: happened, "done": True}

    def request_stop(self) -> None:
        """Called from the driver when the stopping rule has decided: the next step returns the ending."""
        if self._session is not None:
            self._session.stop()

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        self.config = new_config
        return True

    def cleanup(self) -> None:
        if self._session is not None:
            self._session.abandon()
            self._session = None

    def _get_run(self) -> RunTrial:
        if self._run_trial is None:
            self._run_trial = self._runner.open()
        return self._run_trial
