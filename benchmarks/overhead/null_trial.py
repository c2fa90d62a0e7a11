"""A trial that trains nothing: five reports of made-up numbers, and the four parameters that are searched for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dmd.job import EpochReport, JobResult, OnEpoch, WorkerRank
from orchestration.executors.protocol import FileProvider, RunTrial
from search_spaces.terms.trial import Trial, Value

NUM_REPORTS = 5
RANGES: Mapping[str, tuple[float, float]] = {
    "gamma": (0.01, 1.0),
    "lambda1": (0.01, 1.0),
    "lambda2": (0.005, 0.5),
    "alpha": (0.02, 0.5),
}
"""Name -> bounds, all on a logarithmic scale."""
METRICS = ("valid/mae", "train/loss")
SECONDS_PREFIX = "began-"


def metrics_at(parameters: Mapping[str, Value], epoch: int) -> dict[str, float]:
    """What a null trial reports after ``epoch``: an error that the parameters decide and that falls with the epochs."""
    distance = sum((float(parameters[name]) - low) ** 2 for name, (low, _) in RANGES.items())
    return {"valid/mae": distance + 0.1 / epoch, "train/loss": 1.0 / epoch}


def note_begin(directory: Path) -> None:
    """Leave the time at which this process began its first trial; torch is imported before, as every worker must."""
    import torch  # noqa: F401 (the benchmark counts its memory and keeps its time apart)

    path = directory / f"{SECONDS_PREFIX}{os.getpid()}"
    if not path.exists():
        path.write_text(repr(time.time()))


def first_begin(directory: Path) -> float:
    """When the first worker began its first trial, seconds since 1970."""
    return min(float(path.read_text()) for path in directory.glob(f"{SECONDS_PREFIX}*"))


@dataclass(frozen=True)
class NullRunner:
    """What the product sends to its workers. directory: where they leave when they began."""

    directory: Path

    def open(self, provider: FileProvider | None = None) -> RunTrial:
        note_begin(self.directory)
        return _run_null


def _run_null(
    trial: Trial,
    on_epoch: OnEpoch,
    checkpoint_directory: Path | None,
    worker: WorkerRank = WorkerRank(),  # noqa: B008 (frozen)
) -> JobResult:
    reports = tuple(_report(trial.parameters, on_epoch))
    return JobResult(
        stopped=len(reports) < NUM_REPORTS,
        best_epoch=len(reports),
        epochs=reports,
        valid={"mae": reports[-1].metrics["valid/mae"]},
        test=None,
        fallback_test=None,
        test_predictions=None,
        num_parameters=0,
        num_train=1,
        num_valid=1,
        num_test=1,
        duration_s=0.0,
    )


def _report(parameters: Mapping[str, Value], on_epoch: OnEpoch) -> Iterator[EpochReport]:
    for epoch in range(1, NUM_REPORTS + 1):
        report = EpochReport(epoch, metrics_at(parameters, epoch), 0.0)
        goes_on = on_epoch(report)
        yield report
        if not goes_on:
            return
