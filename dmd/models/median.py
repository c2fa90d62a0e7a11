"""The predictor that always answers alike: what a method must beat before it says anything.

It answers with the median training label, or with how often classes and answers occur in the training part, so that the
class of its answer is the majority. On accuracies of numbers it is the majority class wherever the median lies in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.data.samples.target import Target
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout
from dmd.job import Setting
from dmd.metrics.classes import LEAST_PROBABILITY
from dmd.models.model import Model, Outputs

TRAINING: dict[str, Setting] = {"max_epochs": 1}


@dataclass(frozen=True)
class MedianConfig:
    """Nothing to set."""


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """All of them."""
    return frozenset(settings)


def log_odds(target: Target, labels: Tensor) -> Tensor:
    """(K,) logits whose probabilities are how often classes, or the answer yes, occur in labels (n,) or (n, K)."""
    if target.kind == "classes":
        counts = torch.bincount(labels.long(), minlength=target.num_outputs).to(labels)
        return (counts / len(labels)).clamp(min=LEAST_PROBABILITY).log()
    return torch.logit(labels.mean(0), eps=LEAST_PROBABILITY)


class Median(Model):
    """A constant; a buffer, so that checkpoints hold it."""

    value: Tensor
    reads = ()

    def __init__(self, config: MedianConfig, dims: Dims) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(dims.target.prediction_columns))

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """Take the median of the training labels, of two middle ones the mean; or the log-odds of classes."""
        assert train.labels is not None
        if not train.task.target.is_numeric:
            self.value = log_odds(train.task.target, train.labels)
            return
        ordered, n = train.labels.sort(dim=0).values, len(train)
        self.value = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The same for every sample; with labels the loss is the task's error."""
        prediction = self.value.expand(len(batch), *self.value.shape)
        if batch.labels is None:
            return Outputs(prediction)
        task = batch.task_error(prediction)
        return Outputs(prediction, task, {"task/final": task})
