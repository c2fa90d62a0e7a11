"""Records of finished trials: with the description of their study the input of every report.

Reports read these and nothing else. The consumer owns its input type: whoever runs trials builds these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from reports.records.target import Target

Value = bool | int | float | str
Status = Literal["completed", "pruned", "failed"]
Stage = Literal["search", "confirm"]


@dataclass(frozen=True)
class Predictions:
    """Per-item predictions of one part of the data: four arrays of equal length, in the order of the data.

    Attributes:
        ids, groups: (n,) names of the items and of their groups.
        labels, values: (n,) or (n, K) float32, what was to be predicted and what was, as
            :mod:`reports.records.target` says for every kind of target.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    labels: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]

    def fit(self, target: Target) -> bool:
        """Whether labels and values have the form that predictions of ``target`` have."""
        if self.labels.shape[1:] != target.label_columns or self.values.shape[1:] != target.prediction_columns:
            return False
        return target.kind != "classes" or bool(np.isin(self.labels, np.arange(len(target.names))).all())

    def centred(
        self, neutral: float, limit: float | None = None
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Numbers less the neutral point of their scale, so that 0 divides negative from positive.

        limit: how far from it a value of the first column counts; None: as far as it is.
        """
        labels, values = self.labels.astype(np.float64) - neutral, self.values.astype(np.float64) - neutral
        if limit is not None:
            first = values if values.ndim == 1 else values[:, 0]
            np.clip(first, -limit, limit, out=first)
        return labels, values


@dataclass(frozen=True, slots=True)
class EpochPoint:
    """Metrics of one epoch: ``valid/mae``, ``train/loss``, ``train/<term>``, ``learning_rate``, ..."""

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class RunRecord:
    """All that is known of one trial that has ended.

    Attributes:
        study, trial_id: the study's name; hash of the trial.
        configuration_id: hash of method and settings; the seed and the fold do not enter.
        arm, model: names of the arm and of its method.
        stage, status: where the trial belongs, and how it ended.
        seed, repeat: of training; of the cross-validation.
        fold: index of the tested fold inside ``repeat``; None on an official split.
        parameters, settings: the searched values; all values.
        valid: metrics at the chosen epoch, without prefix (``mae``); empty if the trial ended before one.
        test: the same on the test part; None unless a confirm trial completed.
        fallback_test: test metrics of the constant predictor (:attr:`Target.constant_predictor`) on the same part
            (honesty rule 5); confirm trials only.
        best_epoch, num_epochs: the chosen epoch (None if there is none); epochs trained.
        num_parameters: of the built model.
        num_train, num_valid, num_test: items of the three parts.
        duration_s: seconds of training.
        device: what it was trained on.
        attempts: how often it was started.
        error: why it failed; None if it did not.
        epochs: metrics of every epoch, in order.
        predictions: on the test part; None where none were kept.
        number: how many trials of the study were asked for before this one; None if not recorded.
        reused_from: the other study whose result this is, in words; None if the trial ran in this one.
        workers: how many trained the trial together, each on a device of its own.
        is_lost: it failed because of what it ran on (nodes that went, files that could not be read), which says nothing
            of its configuration; False if it failed by itself (it diverged, or needed more memory than there is).
        fallback_value: what the constant predictor always answers, K numbers where a prediction has as many; None if
            not recorded.
        effects: ``component/<name>``, ``modality/<name>`` -> the largest change of a prediction when that part of the
            trained model is drawn anew or that modality blanked, in the unit of the labels; empty if not recorded.
        test_missing: condition -> metrics on the test part with modalities missing (``rate-0.3``: that share of all
            modalities, at random; ``only-audio``, ``no-audio``: in every item); empty where none was asked for, and
            without the conditions that leave the arm nothing of what it sees.
    """

    study: str
    trial_id: str
    configuration_id: str
    arm: str
    model: str
    stage: Stage
    status: Status
    seed: int
    repeat: int
    fold: int | None
    parameters: Mapping[str, Value]
    settings: Mapping[str, Value]
    valid: Mapping[str, float]
    test: Mapping[str, float] | None
    fallback_test: Mapping[str, float] | None
    best_epoch: int | None
    num_epochs: int
    num_parameters: int
    num_train: int
    num_valid: int
    num_test: int
    duration_s: float
    device: str
    attempts: int = 1
    error: str | None = None
    epochs: tuple[EpochPoint, ...] = ()
    predictions: Predictions | None = None
    number: int | None = None
    reused_from: str | None = None
    workers: int = 1
    is_lost: bool = False
    fallback_value: float | tuple[float, ...] | None = None
    effects: Mapping[str, float] = field(default_factory=dict)
    test_missing: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def device_s(self) -> float:
        """Seconds that the trial held its devices, summed over them."""
        return self.duration_s * self.workers
