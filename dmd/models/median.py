"""The predictor that always answers with the median training label: what a method must beat before it says anything.

On accuracies it is the majority class wherever the median lies in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout
from dmd.job import Setting
from dmd.models.model import Model, Outputs

TRAINING: dict[str, Setting] = {"max_epochs": 1}


@dataclass(frozen=True)
class MedianConfig:
    """Nothing to set."""


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """All of them."""
    return frozenset(settings)


class Median(Model):
    """A constant; a buffer, so that checkpoints hold it."""

    value: Tensor
    reads = ()

    def __init__(self, config: MedianConfig, dims: Dims) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(()))

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """Take the median of the training labels; of two middle ones the mean."""
        assert train.labels is not None
        ordered, n = train.labels.sort().values, len(train)
        self.value = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """The same number for every sample; with labels the loss is the L1 error."""
        prediction = self.value.expand(len(batch))
        if batch.labels is None:
            return Outputs(prediction)
        task = batch.sharing.mean((prediction - batch.labels).abs())
        return Outputs(prediction, task, {"task/final": task})
