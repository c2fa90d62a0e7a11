"""Ridge regression on pooled features: the strong, cheap method that a deep model has to beat.

Each modality gives the last real step and the mean over real steps, standardised over the training part. The penalty is
chosen on validation by the training loop itself: epoch e fits the e-th penalty of the path in closed form, and the
checkpoint rule keeps the best epoch. No parameter has a gradient.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch, ordered_batches
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout
from dmd.job import Setting
from dmd.layers.pooling import pool_steps
from dmd.modalities import MODALITIES
from dmd.models.model import Model, Outputs
from dmd.settings import setting

_BLOCK = 512
"""Rows that are pooled at a time."""
NUM_PENALTIES = 13
TRAINING: dict[str, Setting] = {"max_epochs": NUM_PENALTIES, "patience": NUM_PENALTIES}
_UNUSED = ("align", "learning_rate", "weight_decay", "batch_size", "clip.", "accumulation.", "plateau.", "precision")


@dataclass(frozen=True)
class RidgeConfig:
    """The path of penalties on the mean squared error, log-spaced from ``strongest`` down to ``weakest``."""

    strongest: float = setting(100.0, "first penalty of the path", low=0, low_exclusive=True)
    weakest: float = setting(1e-4, "last penalty of the path", low=0, low_exclusive=True)


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings that a closed form of pooled features has no use for."""
    return frozenset(name for name in settings if name.startswith(_UNUSED))


class Ridge(Model):
    """``y = b + w x`` with w from the penalised normal equations; buffers are float64, and checkpoints hold them.

    Attributes:
        mean, scale: (F,) of the pooled features (:func:`pooled_features`) of the training part.
        weight: (F,) w.
        bias: (1,) b.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, config: RidgeConfig, dims: Dims) -> None:
        super().__init__()
        self.config = config
        width = 2 * sum(dims.widths.values())
        for name, size in (("mean", width), ("scale", width), ("weight", width), ("bias", 1)):
            self.register_buffer(name, torch.zeros(size, dtype=torch.float64))

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """Fit the penalty of this epoch on the training part."""
        assert train.labels is not None
        features, labels = _pooled_blocks(train).double(), train.labels.double()
        self.mean, self.scale = features.mean(0), features.std(0, correction=0).clamp(min=1e-4)
        self.bias = labels.mean().unsqueeze(0)
        x, y = (features - self.mean) / self.scale, labels - self.bias
        ends = math.log10(self.config.strongest), math.log10(self.config.weakest)
        path = torch.logspace(*ends, NUM_PENALTIES, dtype=x.dtype, device=x.device)
        penalty = path[min(epoch, NUM_PENALTIES) - 1] * len(y)
        self.weight = torch.linalg.solve(
            x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype, device=x.device), x.T @ y
        )

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """Predict; with labels the loss is the L1 error, as for every method."""
        x = (pooled_features(batch).double() - self.mean) / self.scale
        prediction = (x @ self.weight + self.bias).float()
        if batch.labels is None:
            return Outputs(prediction)
        task = batch.sharing.mean((prediction - batch.labels).abs())
        return Outputs(prediction, task, {"task/final": task})


def _pooled_blocks(part: Batch) -> Tensor:
    """:func:`pooled_features` of all rows of a part, which may be more than memory holds."""
    return torch.cat([pooled_features(batch) for batch in ordered_batches(part, _BLOCK)])


def pooled_features(batch: Batch) -> Tensor:
    """Last real step and mean over real steps of every modality, side by side: (B, 2 * sum of widths)."""
    return torch.cat(
        [pool_steps(batch.sequence(m), pool) for m in MODALITIES for pool in ("last_valid", "mean_valid")],
        dim=-1,
    )
