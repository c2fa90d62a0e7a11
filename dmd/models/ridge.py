"""Ridge regression on pooled features: the strong, cheap method that a deep model has to beat.

Each modality gives the last real step and the mean over real steps, standardised over the training part. The penalty is
chosen on validation by the training loop itself: epoch e fits the e-th penalty of the path, and the checkpoint rule
keeps the best epoch. No parameter has a gradient.

One number is fitted in closed form, and so are several, each by itself under the one penalty that suits the first best.
Of classes it is the multinomial logistic regression, of yes-or-no questions one logistic regression each, all to
convergence (:mod:`dmd.models.logistic_regression`); a fit begins where the stronger penalty before it ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.data.dataset.batches import Batch, ordered_batches
from dmd.declaration.dims import Dims
from dmd.dropout import Dropout
from dmd.job import Setting
from dmd.layers.pooling import pool_steps
from dmd.modalities import MODALITIES
from dmd.models.logistic_regression import LogisticProblem, fit_logistic
from dmd.models.model import Model, Outputs
from dmd.settings import setting

_BLOCK = 512
"""Rows that are pooled at a time."""
_LEAST_DEVIATION = 1e-4
"""That a feature is divided by: one that does not vary tells nothing."""
NUM_PENALTIES = 13
TRAINING: dict[str, Setting] = {"max_epochs": NUM_PENALTIES, "patience": NUM_PENALTIES}
_UNUSED = (
    "align",
    "learning_rate",
    "weight_decay",
    "batch_size",
    "auxiliary_weight",
    "clip.",
    "accumulation.",
    "plateau.",
    "precision",
)


@dataclass(frozen=True)
class RidgeConfig:
    """The path of penalties on the mean squared error, log-spaced from ``strongest`` down to ``weakest``.

    Of classes and questions they are penalties on twice the mean cross-entropy.
    """

    strongest: float = setting(100.0, "first penalty of the path", low=0, low_exclusive=True)
    weakest: float = setting(1e-4, "last penalty of the path", low=0, low_exclusive=True)


def inactive_settings(settings: Mapping[str, Setting]) -> frozenset[str]:
    """Settings that a closed form of pooled features has no use for."""
    return frozenset(name for name in settings if name.startswith(_UNUSED))


class Ridge(Model):
    """``b + w x`` with the penalised optimum; buffers are float64, and checkpoints hold them.

    Attributes:
        mean, scale: (F,) of the pooled features (:func:`pooled_features`) of the training part.
        weight: (F,) or (F, K) w.
        bias: (1,) or (K,) b.
    """

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, config: RidgeConfig, dims: Dims) -> None:
        super().__init__()
        self.config = config
        self.target = dims.target
        width, columns = 2 * sum(dims.widths.values()), dims.target.prediction_columns
        shapes = {"mean": (width,), "scale": (width,), "weight": (width, *columns), "bias": columns or (1,)}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    def prepare_epoch(self, epoch: int, train: Batch) -> None:
        """Fit the penalty of this epoch on the training part."""
        assert train.labels is not None
        features, labels = _pooled_blocks(train).double(), train.labels.double()
        self.mean = features.mean(0)
        self.scale = features.std(0, correction=0).clamp(min=_LEAST_DEVIATION)
        x = (features - self.mean) / self.scale
        ends = math.log10(self.config.strongest), math.log10(self.config.weakest)
        path = torch.logspace(*ends, NUM_PENALTIES, dtype=x.dtype, device=x.device)
        penalty = path[min(epoch, NUM_PENALTIES) - 1]
        if self.target.is_numeric:
            self._fit_numbers(x, labels, penalty * len(labels))
        else:
            self._fit_classes(x, train, float(penalty))

    def _fit_numbers(self, x: Tensor, labels: Tensor, penalty: Tensor) -> None:
        """The penalised normal equations; all numbers are right-hand sides of one solution."""
        self.bias = labels.mean(0).view(-1)
        identity = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        self.weight = torch.linalg.solve(x.T @ x + penalty * identity, x.T @ (labels - self.bias))

    def _fit_classes(self, x: Tensor, train: Batch, penalty: float) -> None:
        assert train.labels is not None
        is_multinomial = self.target.kind == "classes"
        answers = F.one_hot(train.labels.long(), self.target.num_outputs) if is_multinomial else train.labels
        weights = train.task.weights_of(train.labels).view(len(x), -1)
        start = torch.cat([self.weight, self.bias.unsqueeze(0)])
        found = fit_logistic(LogisticProblem(x, answers.to(x), weights.to(x), penalty, is_multinomial), start)
        self.weight, self.bias = found[:-1].clone(), found[-1].clone()

    def forward(self, batch: Batch, dropout: Dropout) -> Outputs:
        """Predict; with labels the loss is the task's error, as for every method."""
        x = (pooled_features(batch).double() - self.mean) / self.scale
        prediction = (x @ self.weight + self.bias).float()
        if batch.labels is None:
            return Outputs(prediction)
        task = batch.task_error(prediction)
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
