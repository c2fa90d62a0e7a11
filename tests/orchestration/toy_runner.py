"""A runner that "trains" by arithmetic in milliseconds and leaves a line on disk for every epoch it really computes.

Settings: ``x`` decides the error, ``epochs`` how long it trains; ``diverges_at``, ``raises_at``, ``starves_at`` and
``dies_at`` (an epoch; the last two ``deaths`` times) make it end badly. Several workers train it in step;
``misbehaves`` is the rank of the one that ends badly, and the lines of the others than the first say ``epoch-1`` and so
on.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dmd.errors import TrainingDiverged
from dmd.job import WEIGHTS_FILE, EpochReport, JobResult, OnEpoch, PartPredictions, WorkerRank
from search_spaces.terms.trial import Cell, Trial, Value


@dataclass(frozen=True)
class ToyRunner:
    """log: a file that gets a line ``<what> <trial id> <epoch> <process id>`` for each thing done."""

    log: Path
    epoch_s: float = 0.0

    def open(self, provider=None):
        self._note("open", "-", 0)
        return self._run

    def _run(
        self,
        trial: Trial,
        on_epoch: OnEpoch,
        directory: Path | None,
        worker: WorkerRank = WorkerRank(),  # noqa: B008 (frozen)
    ) -> JobResult:
        if worker.num_workers == 1:
            return self._train(trial, on_epoch, _State(directory))
        import torch

        from dmd.training.distributed.rendezvous import join_group

        with join_group(worker, "cpu") as team:
            content = team.same(json.dumps(_State(directory).content).encode())
            assert content is not None
            state = _State(directory, json.loads(content))
            step = partial(team.sum, torch.zeros(1))
            return self._train(trial, team.follow(on_epoch), state, worker.rank, step)

    def _train(
        self, trial: Trial, on_epoch: OnEpoch, state: _State, rank: int = 0, step: Callable[[], object] = bool
    ) -> JobResult:
        settings = trial.settings
        who = f"-{rank}" if rank else ""
        self._note(f"begin{who}", trial.id, len(state.reports))
        goes_on = True
        for report in state.reports:
            goes_on = on_epoch(report) and goes_on
        while goes_on and len(state.reports) < int(settings.get("epochs", 3)):
            epoch = len(state.reports) + 1
            if rank == int(settings.get("misbehaves", 0)):
                self._misbehave(trial, epoch)
            step()
            time.sleep(self.epoch_s)
            self._note(f"epoch{who}", trial.id, epoch)
            report = EpochReport(epoch, {"valid/mae": error_of(trial, epoch), "train/loss": 1 / epoch}, 0.5)
            state.add(report)
            goes_on = on_epoch(report)
        self._note(f"end{who}", trial.id, len(state.reports))
        if trial.stage == "confirm" and goes_on and rank == 0:
            state.keep_weights(str(trial.seed).encode())
        return _result_of(trial, tuple(state.reports), goes_on)

    def _misbehave(self, trial: Trial, epoch: int) -> None:
        if trial.settings.get("diverges_at") == epoch:
            raise TrainingDiverged(epoch, "loss")
        if trial.settings.get("raises_at") == epoch:
            raise RuntimeError("the toy is broken")
        deaths = int(trial.settings.get("deaths", 1))
        if trial.settings.get("starves_at") == epoch and self.count("hunger")[trial.id, epoch] < deaths:
            self._note("hunger", trial.id, epoch)
            raise MemoryError("of the toy")
        if trial.settings.get("dies_at") == epoch and self.count("death")[trial.id, epoch] < deaths:
            self._note("death", trial.id, epoch)
            os.kill(os.getpid(), signal.SIGKILL)

    def _note(self, what: str, trial_id: str, epoch: int) -> None:
        with self.log.open("a") as file:
            file.write(f"{what} {trial_id} {epoch} {os.getpid()}\n")

    def count(self, what: str) -> Counter[tuple[str, int]]:
        """How often ``what`` was done, by (trial id, epoch)."""
        lines = [line.split() for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return Counter((words[1], int(words[2])) for words in lines if words[0] == what)

    def processes(self, what: str) -> set[str]:
        """Ids of the processes that did ``what``."""
        return {line.split()[3] for line in self.log.read_text().splitlines() if line.split()[0] == what}


class _State:
    """Reports so far, kept in a file where there is a directory."""

    def __init__(self, directory: Path | None, content: list[dict] | None = None) -> None:
        self._file = None if directory is None else directory / "state.json"
        if content is None:
            is_saved = self._file is not None and self._file.exists()
            content = json.loads(self._file.read_text()) if is_saved else []
        self.reports = [EpochReport(**item) for item in content]

    @property
    def content(self) -> list[dict]:
        return [{"epoch": r.epoch, "metrics": r.metrics, "duration_s": r.duration_s} for r in self.reports]

    def add(self, report: EpochReport) -> None:
        self.reports.append(report)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._file.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(self.content))
            os.replace(temporary, self._file)

    def keep_weights(self, content: bytes) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.with_name(WEIGHTS_FILE).write_bytes(content)


def error_of(trial: Trial, epoch: int) -> float:
    """The validation error: a parabola in x that falls with the epochs."""
    return (float(trial.settings.get("x", 0.0)) - 0.3) ** 2 + 0.1 / epoch + 0.001 * trial.seed


def _result_of(trial: Trial, reports: tuple[EpochReport, ...], is_final: bool) -> JobResult:
    is_scored = is_final and trial.stage == "confirm"
    numbers = np.array([0.5, -1.0], dtype=np.float32)
    return JobResult(
        stopped=not is_final,
        best_epoch=len(reports),
        epochs=reports,
        valid={"mae": reports[-1].metrics["valid/mae"]},
        test={"mae": reports[-1].metrics["valid/mae"] + 1} if is_scored else None,
        fallback_test={"mae": 2.0} if is_scored else None,
        test_predictions=PartPredictions(("a", "b"), ("g", "g"), numbers, numbers) if is_scored else None,
        num_parameters=7,
        num_train=10,
        num_valid=4,
        num_test=2,
        duration_s=0.5 * len(reports),
        test_details={"edges/homo": np.array([[trial.seed] * 6, range(6)], dtype=np.float32)} if is_scored else {},
    )


def make_trial(
    seed: int = 0,
    arm: str = "full",
    stage: str = "confirm",
    cell: Cell = Cell(),  # noqa: B008 (frozen)
    parameters: Mapping[str, Value] | None = None,
    **settings: Value,
) -> Trial:
    """A trial of the toy."""
    chosen = dict(parameters or {})
    return Trial(arm, "toy", stage, {**settings, **chosen}, chosen, seed, cell, "context")
