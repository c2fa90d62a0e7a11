"""What Ray Tune runs on a worker: one epoch per step, the process and its data kept from trial to trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ray import tune

from dmd.job import EpochReport
from orchestration.executors.attempts import Attempt, attempt_single_worker
from orchestration.executors.multi_worker import attempt_multi_worker
from orchestration.executors.protocol import FileProvider, Resources, TrialRunner
from orchestration.executors.stepwise_training import TrainingSession
from orchestration.ray_backend.checkpoint_transfer import CheckpointTransfer, RemoteCheckpoint
from orchestration.ray_backend.workers import RayPeer, make_peers, node_address, node_id
from search_spaces.terms.trial import Trial

# Keys of what a step returns, read by the adapters on the driver's side.
REPORT = "epoch_report"
ENDING = "ending"
# Keys of Tune's configuration of a trial.
TRIAL = "trial"
CHECKPOINT_DIRECTORY = "checkpoint_directory"


class TrialTrainable(tune.Trainable):
    """Runs one trial after the other, as the first of the workers that train it.

    Tune calls, in this process: ``setup`` once, ``step`` once per epoch, ``reset_config`` before the next trial, and
    ``cleanup`` at the end. An exception of a training run is returned as an ending. A step raises AttemptLost if
    another worker of the trial died, or this one is out of memory: this worker and its peers are then replaced.
    """

    def setup(  # type: ignore[override]
        self,
        config: dict[str, Any],
        runner: TrialRunner,
        resources: Resources,
        provider: FileProvider | None,
        transfer: CheckpointTransfer | None,
    ) -> None:
        """Get ready for trials and start the other workers.

        Args:
            config: of the first trial, as the searcher suggested it.
            runner: trains trials.
            resources: what one trial needs.
            provider: prepares this node; None: everything is where the runner says.
            transfer: brings checkpoints to the driver; None: they need none, or none are kept.
        """
        self._runner = runner
        self._provider = provider
        self._transfer = transfer
        self._remote: RemoteCheckpoint | None = None
        self._peers: list[RayPeer] = make_peers(runner, resources, provider)
        self._attempt: Attempt | None = None
        self._session: TrainingSession | None = None

    def step(self) -> dict[str, Any]:
        trial: Trial = self.config[TRIAL]
        if self._session is None:
            self._session = TrainingSession(self._get_attempt, trial, self._find_directory(trial))
        happened = self._session.next()
        if isinstance(happened, EpochReport):
            if self._remote is not None:
                self._remote.upload()
            return {REPORT: happened}
        if self._remote is not None and trial.stage == "confirm":
            self._remote.upload(is_last=True)
        self._leave()
        return {ENDING: happened, "done": True}

    def nodes(self) -> list[str]:
        """Ids of the nodes on which the workers of the trial run."""
        return [node_id(), *(peer.node() for peer in self._peers)]

    def request_stop(self) -> None:
        """Called by the driver when the stopping rule stops the trial: the next step returns the ending."""
        if self._session is not None:
            self._session.stop()

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._abandon()
        self.config = new_config
        return True

    def cleanup(self) -> None:
        self._abandon()
        for peer in self._peers:
            peer.close()

    def _find_directory(self, trial: Trial) -> Path | None:
        """The attempt's checkpoint directory: the driver's, or a local one if this node does not share its disk."""
        given = self.config[CHECKPOINT_DIRECTORY]
        if given is None or self._transfer is None or self._transfer.sees_directory():
            return None if given is None else Path(given)
        self._remote = RemoteCheckpoint(self._transfer, trial.id)
        return self._remote.folder

    def _abandon(self) -> None:
        if self._session is not None:
            self._session.abandon()
        self._leave()

    def _leave(self) -> None:
        self._session = None
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    def _get_attempt(self) -> Attempt:
        if self._attempt is None:
            run_trial = self._runner.open(self._provider)
            if self._peers:
                self._attempt = attempt_multi_worker(run_trial, self._peers, node_address())
            else:
                self._attempt = attempt_single_worker(run_trial)
        return self._attempt
