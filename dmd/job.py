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
Constant = float | tuple[float, ...]
"""What a predictor that looks at nothing always answers: a number, or one for each name of the target."""


@dataclass(frozen=True)
class FoldRef:
    """Which partition of the data: how folds are drawn, and which one is tested.

    Attributes:
        kind: ``official`` (the file's train/valid/test), ``file`` (the file's own folds) or ``group`` (drawn by group).
        k: number of folds; read by ``group`` only.
        repeats: how often folds are drawn anew; read by ``group`` only.
        seed: of the drawing; read by ``group`` only.
        repeat: which drawing, in 0..repeats-1; read by ``group`` only.
        fold: the tested fold, in 0..k-1; None on the official split.
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

    Attributes:
        model: name of a registered method (:data:`dmd.registry.METHODS`).
        settings: flat settings; the method's defaults hold for names that are absent.
        seed: of initial values, order of the data and dropout.
        fold: the partition to train and test on.
        scores_test: whether to score the test part at the end; True for confirm trials only.
        device: as torch names it (``cpu``, ``cuda:0``).
        num_threads: CPU threads of torch.
        keeps_details: whether to return also what the model shows of the test items; it decides no number.
        keeps_weights: whether a finished trial that is scored leaves its weights beside its training state; it decides
            no number either.
        provenance: what the file of the weights says of the software (``code``, ``torch``).
        files: directory in which directories that settings name (``bert.path``) are looked for, besides the working
            directory; None: there alone.
        directories: name in the settings -> directory that need not be looked for.
        missing: conditions under which the test part is scored besides
            (:mod:`dmd.data.dataset.missing_modalities`), all in the one scoring.
    """

    model: str
    settings: Mapping[str, Setting]
    seed: int
    fold: FoldRef
    scores_test: bool = False
    device: str = "cpu"
    num_threads: int = 1
    keeps_details: bool = False
    keeps_weights: bool = False
    provenance: Mapping[str, str] = field(default_factory=dict)
    files: Path | None = None
    directories: Mapping[str, Path] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class EpochReport:
    """Metrics after one epoch.

    Attributes:
        epoch: counted from 1.
        metrics: ``valid/mae``, ``train/loss``, ``train/rec``, ... -> value.
        duration_s: seconds that this epoch took.
    """

    epoch: int
    metrics: Mapping[str, float]
    duration_s: float


@dataclass(frozen=True)
class PartPredictions:
    """Predictions of one part, in the order of the data.

    Attributes:
        ids: n ids of items.
        groups: the group (the video) of each item.
        labels: (n,) or (n, K), in the unit of the file.
        values: (n,) or (n, K) predictions: numbers in the same unit, or probabilities
            (:mod:`dmd.data.samples.target`).
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    labels: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class JobResult:
    """What one training run produced.

    Attributes:
        stopped: True if ``on_epoch`` asked to stop (the scheduler pruned the trial); then nothing is scored on the test
            part.
        best_epoch: the epoch chosen on validation, from 1.
        epochs: reports of all epochs, in order.
        valid: metric -> value on the validation part at the best epoch.
        test: metric -> value on the test part at the best epoch; None unless ``scores_test``.
        fallback_test: test metrics of the predictor that always answers ``fallback_value``; None unless
            ``scores_test``.
        test_predictions: of the test part; None unless ``scores_test``.
        num_parameters: trainable scalars.
        num_train: items of the training part.
        num_valid: items of the validation part.
        num_test: items of the test part.
        duration_s: seconds of training, all sessions together.
        test_details: name -> (n, ...) float32, what the model shows of the test items
            (:meth:`dmd.models.model.Model.inspect`), in the order of ``test_predictions.ids``; empty unless
            ``scores_test`` and ``keeps_details``.
        fallback_value: the training median, in the unit of the labels, or how often classes and answers occur in the
            training part; None unless ``scores_test``.
        effects: ``component/<name>``, ``modality/<name>`` -> the largest change of a prediction when that part is drawn
            anew, or the modality blanked (:mod:`dmd.training.effects`), in the unit of the labels, or of a
            probability; empty unless ``scores_test``.
        test_missing: condition -> metric -> value on the test part with modalities missing, of the conditions of the
            job that leave this trial something to see; empty unless ``scores_test``.
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
    fallback_value: Constant | None = None
    effects: Mapping[str, float] = field(default_factory=dict)
    test_missing: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


OnEpoch = Callable[[EpochReport], bool]
"""Called after every epoch; returns True to go on, False to stop now."""


LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class WorkerRank:
    """The rank of one worker among those that train one trial together; by default it trains alone.

    Attributes:
        rank: from 0; the first worker reports, saves and scores.
        num_workers: how many train the trial.
        host: address at which the first worker waits for the others
            (:class:`dmd.training.distributed.rendezvous.Rendezvous`); empty for a worker that is alone.
        port: of that address.
    """

    rank: int = 0
    num_workers: int = 1
    host: str = ""
    port: int = 0


WEIGHTS_FILE = "weights.pt"
"""The name of the weights beside a training state."""


@dataclass(frozen=True)
class Checkpointing:
    """Where a run keeps its state, so that it can continue after a crash. None as an argument: it keeps nothing.

    Attributes:
        directory: holds the checkpoint, and at the end the weights (:attr:`Job.keeps_weights`).
        keep: writes a file (path, content) and its folder durably, so that a crash leaves the old file or the new one.
        max_share: of the time, that saving may take: after an epoch the state is saved unless the last time that it was
            is too short ago for that. A crash costs no more than what is trained in 1 / ``max_share`` times the
            seconds of one saving, and an epoch. 1: it is saved after every epoch.
    """

    directory: Path
    keep: Callable[[Path, memoryview], None]
    max_share: float = 1.0
