"""The same training by one process and by several: cases, and what every worker does with them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.job import Checkpointing, EpochReport, Setting, WorkerRank
from dmd.metrics.sentiment import metric_names
from dmd.registry import build_model
from dmd.scoring import Scoring
from dmd.training.distributed.rendezvous import Rendezvous, join_group
from dmd.training.loop import Trained, train
from dmd.training.run import split_settings
from orchestration.process.atomic_files import write_whole
from tests.dmd.builders import TINY, make_batch, make_dims

P = ParamSpec("P")
R = TypeVar("R")

DIMS = make_dims()
NO_DROPOUT: dict[str, Setting] = {
    f"dropout.{name}": 0.0
    for name in ("text", "attention.language", "attention.audio", "attention.vision", "embed", "output")
}


@dataclass(frozen=True)
class Case:
    """A training in float64, without dropout unless it is asked for."""

    settings: dict[str, Setting]
    model: str = "dmd"
    num_train: int = 18
    full: bool = False
    dropout: bool = False
    seed: int = 1
    directory: Path | None = None
    stop_after: int | None = None
    spoiled_row: int | None = None


@dataclass(frozen=True)
class Fit:
    """What one worker has at the end."""

    weights: dict[str, Tensor]
    metrics: list[dict[str, float]]
    best_epoch: int
    is_final: bool
    asked: list[int] = field(default_factory=list)


def fit(worker: WorkerRank, case: Case) -> Fit:
    """Train ``case`` from ``worker``."""
    torch.set_num_threads(1)
    tiny = {name: value for name, value in TINY.items() if case.model == "dmd" or not name.startswith("gd.")}
    # a rate that moves the weights, so that a wrong gradient shows; explicit settings win over a preset's
    common = {**tiny, "learning_rate": 1e-2, "batch_size": 4, "max_epochs": 1, "patience": 9}
    flat = {**common, **({} if case.dropout else NO_DROPOUT), **case.settings}
    settings = split_settings(case.model, flat)
    model = build_model(case.model, settings.settings, DIMS, case.seed).double()
    train_part = in_double(make_batch(DIMS, case.num_train, 1, full=case.full))
    if case.spoiled_row is not None:
        train_part.features["audio"][case.spoiled_row, 0, 0] = float("nan")
    asked: list[int] = []

    def on_epoch(report: EpochReport) -> bool:
        asked.append(report.epoch)
        return case.stop_after is None or report.epoch < case.stop_after

    with join_group(worker, "cpu") as team:
        trained: Trained = train(
            model,
            train_part,
            in_double(make_batch(DIMS, 9, 2)),
            settings.training,
            Scoring(Target(), metric_names(LabelScale())),
            case.seed,
            on_epoch,
            None if case.directory is None else Checkpointing(case.directory, write_whole),
            team,
        )
    metrics = [dict(report.metrics) for report in trained.reports]
    weights = {name: value.clone() for name, value in trained.model.state_dict().items()}
    return Fit(weights, metrics, trained.best_epoch, trained.is_final, asked)


def in_double(batch: Batch) -> Batch:
    assert batch.labels is not None
    return replace(batch, features={m: x.double() for m, x in batch.features.items()}, labels=batch.labels.double())


Together = Callable[Concatenate[int, Callable[Concatenate[WorkerRank, P], R], P], list[R]]


@contextmanager
def processes(num_peers: int) -> Iterator[Callable[..., list[Any]]]:
    """A function that runs ``function(worker, *arguments)`` as every worker of ``num_workers``, this process the first.

    The other processes are fresh interpreters that live as long as the context.
    """
    with ProcessPoolExecutor(num_peers, multiprocessing.get_context("spawn")) as pool:
        yield partial(_together, pool)


def _together(pool: ProcessPoolExecutor, num_workers: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    rendezvous = Rendezvous()
    first, *others = rendezvous.ranks(num_workers)
    futures = [pool.submit(function, worker, *arguments) for worker in others]
    for future in futures:
        future.add_done_callback(lambda done: rendezvous.close() if done.exception() else None)
    try:
        mine = function(first, *arguments)
    finally:
        theirs = [future.exception() or future.result() for future in futures]
        rendezvous.close()
    return [mine, *theirs]
