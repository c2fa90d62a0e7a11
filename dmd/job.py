"""The one call into ``dmd`` that a trial makes: what goes in, what comes out.

``run_job`` (in :mod:`dmd.training.run`) trains one configuration with one seed on one partition of a data set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Setting = bool | int | float | str


@dataclass(frozen=True)
class FoldRef:
    """Which partition of the data: how folds are drawn, and which one is tested.

    kind: ``official`` (the file's train/valid/test), ``file`` (the file's own folds) or ``group`` (drawn by group).
    k, repeats, seed: used by ``group`` only.
    """

    kind: str = "official"
    k: int = 0
    repeats: int = 1
    seed: int = 0
    repeat: int = 0
    fold: int | None = None


@dataclass(frozen=True)
class Job:
    """One training run.

    scores_test: true for confirm trials only. keeps_details: return what the model shows of the test items as well; it
    decides no number. files: where directories that settings name are looked for besides here (``bert.path``).
    directories: where those are that need not be looked for, by the name that settings have for them.
    """

    model: str
    settings: Mapping[str, Setting]
    seed: int
    fold: FoldRef
    scores_test: bool = False
    device: str = "cpu"
    num_threads: int = 1
    keeps_details: bool = False
    files: Path | None = None
    directories: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochReport:
    """Metrics after epoch ``epoch`` (counted from 1): ``valid/mae``, ``train/loss``, ``train/rec``, ..."""

    epoch: int
    metrics: Mapping[str, float]
    duration_s: float


@dataclass(frozen=True)
class PartPredictions:
    """Predictions of one part, in the order of the data."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    labels: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class JobResult:
    """What one training run produced.

    stopped: True if ``on_epoch`` asked to stop (the scheduler pruned it); then ``test`` is None.
    valid, test: metric name -> value at the epoch chosen on validation.
    fallback_test: test metrics of the training-median predictor, which always answers with ``fallback_value``; None
    unless ``scores_test``.
    test_details: what the model shows of the test items (:meth:`dmd.models.model.Model.inspect`), float32, in the order
    of ``test_predictions.ids``; empty unless ``scores_test`` and ``keeps_details``.
    """

    stopped: bool
    best_epoch: int
    epochs: tuple[EpochReport, ...]
    valid: Mapping[str, float]
    test: Mapping[str, float] | None
    fallback_test: Mapping[str, float] | None
    test_predictions: PartPredictions | None
    num_parameters: int
    num_train: int
    num_valid: int
    num_test: int
    duration_s: float
    test_details: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    fallback_value: float | None = None


OnEpoch = Callable[[EpochReport], bool]
"""Called after every epoch; returns True to go on, False to stop now."""


LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class WorkerRank:
    """One worker's place among those that train one trial together; by default it trains alone.

    rank: from 0; the first worker reports, saves and scores. host, port: where the first one waits for the others
    (:class:`dmd.training.distributed.rendezvous.Rendezvous`).
    """

    rank: int = 0
    num_workers: int = 1
    host: str = ""
    port: int = 0


@dataclass(frozen=True)
class Checkpointing:
    """Where a run keeps its state so that it can go on after a crash. ``None`` as argument means: keep nothing.

    keep: writes a file (path, content), its folder with it, so that a crash leaves the old one or the new one.
    """

    directory: Path
    keep: Callable[[Path, memoryview], None]
    every: int = 1
