"""The seal around test labels.

A test part gives out its features and never its labels. It is scored once, against proof that a confirm trial has been
trained to its end, which a search never has (honesty rules 1 and 2 of the design).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np

from dmd.data.samples.arrays import FloatArray
from dmd.data.samples.samples import Inputs
from dmd.errors import DmdError, LabelsSealed
from dmd.job import Constant, PartPredictions
from dmd.scoring import Scoring, constant_prediction

NOTHING_MISSING: Mapping[str, FloatArray] = MappingProxyType({})


class FinishedTraining(Protocol):
    """Proof that a confirm trial has been trained to its end: the key to a sealed test part."""

    @property
    def is_final(self) -> bool: ...


@dataclass(frozen=True)
class ExternalTraining:
    """The key for predictions that other code hands in: its training is over, so a score can steer nothing in it.

    Whether that code has looked at the test labels before cannot be known here; the report says so.
    """

    @property
    def is_final(self) -> bool:
        return True


@dataclass(frozen=True)
class TestScore:
    """What one finished trial reached on the test part.

    Attributes:
        metrics: metric -> value.
        predictions: with the labels, in the order of the data.
        fallback: metric -> value of the constant predictor on the same part (honesty rule 5).
        fallback_value: what that predictor always answers: a number, or K of them.
        missing: condition -> metric -> value of the predictions with modalities missing.
    """

    __test__ = False  # keeps pytest from taking the name for a test class

    metrics: Mapping[str, float]
    predictions: PartPredictions
    fallback: Mapping[str, float]
    fallback_value: Constant
    missing: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class SealedTest:
    """A test part whose inputs are open and whose labels are not.

    Attributes:
        inputs: features of the n items.
    """

    __slots__ = ("_fallback", "_is_scored", "_labels", "_scoring", "inputs")

    def __init__(self, inputs: Inputs, labels: FloatArray, scoring: Scoring, train_labels: FloatArray) -> None:
        """Seal a test part.

        Args:
            inputs: features of the n items.
            labels: (n,) or (n, K) of this part.
            scoring: metrics.
            train_labels: labels of the training part, for the fallback predictor.
        """
        self.inputs = inputs
        self._labels = labels
        self._scoring = scoring
        self._fallback = constant_prediction(scoring.target, train_labels)
        self._is_scored = False

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def fallback_value(self) -> Constant:
        """What the constant predictor answers; it says nothing of the labels of this part."""
        return float(self._fallback) if self._fallback.ndim == 0 else tuple(self._fallback.tolist())

    def score(
        self, predict: FloatArray, finished: FinishedTraining, missing: Mapping[str, FloatArray] = NOTHING_MISSING
    ) -> TestScore:
        """Compare predictions with the labels. Works once; a refused call does not count.

        Args:
            predict: (n,) or (n, K) in the order of ``inputs``: in the unit of the labels, or probabilities.
            finished: proof that the training has ended.
            missing: condition -> predictions of the same model with modalities of the items missing. They belong to the
                one scoring of the trial: no score can be known before all of them are made.

        Raises:
            LabelsSealed: the training is not final, or the part was scored before.
            DmdError: the predictions do not fit the part or are not finite.
        """
        if not finished.is_final:
            raise LabelsSealed(
                "test labels stay sealed: this training is not final (it was stopped or belongs to a search)"
            )
        if self._is_scored:
            raise LabelsSealed(
                "test labels stay sealed: this test part was scored before, and it is scored once per trial"
            )
        values = self._require_predictions(predict)
        with_missing = {condition: self._require_predictions(given) for condition, given in missing.items()}
        metrics = self._scoring.score(values, self._labels)
        self._is_scored = True
        predictions = PartPredictions(self.inputs.ids, self.inputs.groups, self._labels.copy(), values.copy())
        scores = {condition: self._scoring.score(given, self._labels) for condition, given in with_missing.items()}
        return TestScore(metrics, predictions, self.score_fallback(), self.fallback_value, scores)

    def _require_predictions(self, given: FloatArray) -> FloatArray:
        values = np.asarray(given, dtype=np.float32)
        wanted = (len(self), *self._scoring.target.prediction_columns)
        if values.shape != wanted:
            raise DmdError(f"predictions have shape {values.shape}, the test part wants {wanted}")
        if not np.isfinite(values).all():
            num_broken = np.count_nonzero(~np.isfinite(values).reshape(len(self), -1).all(axis=1))
            raise DmdError(f"{num_broken} of {len(self)} test predictions are not finite")
        return values

    def score_fallback(self) -> dict[str, float]:
        """Test metrics of the predictor that always answers alike, as the training labels have it.

        Needs no finished training: a failed trial is scored with it. It depends on no model and no setting, so it
        cannot tell a search anything about a configuration.
        """
        constant = np.broadcast_to(self._fallback, (len(self), *self._fallback.shape))
        return self._scoring.score(constant, self._labels)
