"""The one training loop: every method, every arm, every trial."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch, shuffled_rows
from dmd.dropout import SeededDropout
from dmd.errors import TrainingDiverged
from dmd.job import Checkpointing, EpochReport, OnEpoch
from dmd.layers.heads import start_heads
from dmd.models.model import Model
from dmd.scoring import Scoring
from dmd.training.checkpoint import CheckpointRefused, StateKeeper, decode_state, take_up_state
from dmd.training.config import TrainingConfig
from dmd.training.distributed.team import SOLO, Team, take_rows
from dmd.training.evaluate import predict
from dmd.training.label_units import label_unit
from dmd.training.selection import batch_error, error_metric
from dmd.training.state import TrainingState, copy_state
from dmd.training.step_groups import require_steps, step_groups
from dmd.training.term_sums import TermSums
from dmd.training.training_part import prepare_part, typical_output
from dmd.training.turns import Turn, make_turns

MIN_IMPROVEMENT = 1e-6

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """A model at its best epoch.

    Attributes:
        model: holds the weights of that epoch.
        reports: of all epochs, in order.
        best_epoch: from 1.
        is_final: trained to its end and not stopped from outside; opens a sealed test part.
        duration_s: seconds of training, all sessions together.
    """

    model: Model
    reports: tuple[EpochReport, ...]
    best_epoch: int
    is_final: bool
    duration_s: float


def train(
    model: Model,
    train_part: Batch,
    valid_part: Batch,
    config: TrainingConfig,
    scoring: Scoring,
    seed: int,
    on_epoch: OnEpoch,
    checkpointing: Checkpointing | None = None,
    team: Team = SOLO,
) -> Trained:
    """Train until ``max_epochs``, until validation stops improving, or until ``on_epoch`` returns False.

    A run with ``checkpointing`` that was cut off continues after its last saved epoch and gives the same numbers, bit
    for bit on a CPU (no stream depends on hidden state). Epochs before the cut are reported again, from the checkpoint.

    Args:
        model: untrained, on its device.
        train_part: labels in the unit of the file.
        valid_part: labels in the unit of the file.
        config: of this loop.
        scoring: metrics and scale of the labels.
        seed: of the order of the data and of dropout.
        on_epoch: called after every epoch; False stops the run. ``train/*`` is in the unit that the model is trained in
            (:mod:`dmd.training.label_units`), ``valid/*`` in that of the file.
        checkpointing: None: no state is kept.
        team: the workers that train this model together. Each of them calls this with the same arguments; the
            ``on_epoch`` and ``checkpointing`` of the first one count.

    Returns:
        The model with the weights of its best validation epoch.

    Raises:
        TrainingDiverged: a loss or a prediction is not finite.
        ConfigurationError: no optimiser step would ever be made.
        WorkerLost: another worker of the team is gone.
    """
    require_steps(config, len(train_part), model.smallest_batch)
    train_part = prepare_part(train_part, scoring.target, config)
    trainer = _Trainer(model, config, seed, team)
    on_epoch = team.follow(on_epoch)
    if team.rank > 0:
        checkpointing = None
    state, keeper = trainer.restore(checkpointing), StateKeeper(checkpointing)
    if state.epoch == 0 and config.head_start == "median":
        start_heads(model, typical_output(train_part))
    goes_on = True
    for report in state.reports:
        goes_on = on_epoch(report) and goes_on
    while goes_on and state.epoch < config.max_epochs and state.epoch - state.best_epoch < config.patience:
        started = time.perf_counter()
        state.epoch += 1
        trained = trainer.run_epoch(train_part, state)
        metrics = trained | trainer.validate(valid_part, scoring, state.epoch)
        metrics["learning_rate"] = trainer.learning_rate
        trainer.note_error(metrics[error_metric(config.selection, scoring.error)], state)
        report = EpochReport(state.epoch, metrics, time.perf_counter() - started)
        state.reports.append(report)
        state.duration_s += report.duration_s
        keeper.save(partial(trainer.dump, state))
        goes_on = on_epoch(report)
    model.load_state_dict(state.best)
    if goes_on:
        keeper.save(partial(trainer.dump_finished, state))
    return Trained(model, tuple(state.reports), state.best_epoch, goes_on, state.duration_s)


class _Trainer:
    """The turns of one model's training steps, and what a run keeps of them."""

    def __init__(self, model: Model, config: TrainingConfig, seed: int, team: Team) -> None:
        self.model = model
        self.config = config
        self.seed = seed
        self.team = team
        self.turns = make_turns(model, config)

    @property
    def learning_rate(self) -> float:
        return self.turns[0].learning_rate

    def run_epoch(self, part: Batch, state: TrainingState) -> dict[str, float]:
        """One pass over the training part; the mean over its items of the loss and of each of its terms.

        Items of an incomplete group that is dropped (``flush_last``) are not looked at.
        """
        part = replace(part, epoch=state.epoch)
        self.model.prepare_epoch(state.epoch, part)
        self.model.train()
        sums = TermSums()
        rows_of_batches = shuffled_rows(part, self.config.batch_size, self.seed, state.epoch)
        for group in step_groups(rows_of_batches, self.config.accumulation, self.model.smallest_batch):
            for turn in self.turns:
                self._take_turn(turn, group, part, state, sums)
        self.team.require_equal(value for value in self.model.state_dict().values() if isinstance(value, Tensor))
        return sums.means(self.team, state.epoch)

    def _take_turn(
        self, turn: Turn, group: Sequence[Tensor], part: Batch, state: TrainingState, sums: TermSums
    ) -> None:
        """One step of one optimiser, over the mini-batches of a group."""
        dropout_seed = self.team.dropout_seed(self.seed)
        if turn.optimiser is not None:
            turn.optimiser.zero_grad(set_to_none=True)
        for index, rows in enumerate(group, 1):
            batch = take_rows(self.team, part, rows)
            if turn.phase:
                batch = replace(batch, phase=turn.phase)
            outputs = self.model(batch, SeededDropout(dropout_seed, state.step))
            state.step += 1
            sums.add(outputs, len(rows))
            if turn.optimiser is not None:
                assert outputs.loss is not None
                share = len(group) if self.config.accumulation.average else 1
                self.team.backward(outputs.loss / share, turn.parameters)
                if index < len(group):
                    turn.optimiser.clip_gradients()
        if turn.optimiser is not None:
            turn.optimiser.step()

    def validate(self, part: Batch, scoring: Scoring, epoch: int) -> dict[str, float]:
        """``valid/<metric>`` for every metric, and what selection looks at where that is none of them."""
        predictions = predict(self.model, part, label_unit(scoring.target), self.team)
        if not bool(torch.from_numpy(predictions).isfinite().all()):
            raise TrainingDiverged(epoch, "a validation prediction")
        assert part.labels is not None
        labels = part.labels.cpu().numpy()
        metrics = {f"valid/{name}": value for name, value in scoring.score(predictions, labels).items()}
        if self.config.selection == "answers":
            metrics[error_metric("answers", scoring.error)] = 1.0 - metrics["valid/acc"]
        if self.config.selection == "batches":
            errors = scoring.item_errors(predictions, labels)
            metrics[error_metric("batches", scoring.error)] = batch_error(
                errors, self.config.batch_size, self.seed, epoch
            )
        return metrics

    def note_error(self, error: float, state: TrainingState) -> None:
        """Lower the learning rate on a plateau; keep the weights of the best epoch."""
        for turn in self.turns:
            if turn.schedule is not None:
                turn.schedule.step(error)
        if error < state.best_error - MIN_IMPROVEMENT:
            state.best_error, state.best_epoch = error, state.epoch
            state.best = copy_state(self.model)

    def dump(self, state: TrainingState) -> dict[str, Any]:
        """Everything that a continued run needs, as plain values and tensors."""
        return {
            "model": self.model.state_dict(),
            "turns": [turn.state() for turn in self.turns],
            "epoch": state.epoch,
            "step": state.step,
            "best_error": state.best_error,
            "best_epoch": state.best_epoch,
            "best": state.best,
            "duration_s": state.duration_s,
            "reports": [(r.epoch, dict(r.metrics), r.duration_s) for r in state.reports],
        }

    def dump_finished(self, state: TrainingState) -> dict[str, Any]:
        """The state of a run that has ended: its best weights once, and nothing that only further training needs.

        Continued, it trains no more: the number of epochs and the best one say that it has ended.
        """
        return self.dump(state) | {"model": {}, "turns": []}

    def restore(self, checkpointing: Checkpointing | None) -> TrainingState:
        """The first worker's saved state, loaded into model, optimiser and schedule of all; or a fresh one."""
        content = self.team.same(take_up_state(checkpointing.directory) if checkpointing is not None else None)
        if content is None:
            return TrainingState()
        try:
            saved = decode_state(content)
        except CheckpointRefused as refused:
            # Begun again, the trial gives the same numbers, later.
            logger.warning("%s; the trial begins again", refused)
            return TrainingState()
        if saved["model"]:
            self.model.load_state_dict(saved["model"])
        for turn, own in zip(self.turns, saved["turns"], strict=False):
            turn.restore(own)
        return TrainingState(
            epoch=saved["epoch"],
            step=saved["step"],
            best_error=saved["best_error"],
            best_epoch=saved["best_epoch"],
            best=saved["best"],
            reports=[EpochReport(epoch, metrics, seconds) for epoch, metrics, seconds in saved["reports"]],
            duration_s=saved["duration_s"],
        )
