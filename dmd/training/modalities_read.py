"""Which modalities a model reads: declared by the package's own models, found out for any other module."""

from __future__ import annotations

from dataclasses import replace

import torch

from dmd.data.dataset.batches import Batch
from dmd.dropout import no_dropout
from dmd.modalities import Modality
from dmd.models.model import Model
from dmd.models.plain_module import module_of


def modalities_read(model: Model, batch: Batch) -> tuple[Modality, ...]:
    """The modalities of ``batch`` that are not blank and that predictions are computed from.

    Args:
        model: in evaluation mode.
        batch: a few samples.
    """
    shown = tuple(m for m in model.reads if bool(batch.features[m].any()))
    if module_of(model) is model:
        return shown
    features = {m: x.detach().clone().requires_grad_(m in shown) for m, x in batch.features.items()}
    with torch.enable_grad():
        prediction = model(replace(batch, features=features, labels=None), no_dropout).prediction
    if not prediction.requires_grad:
        return shown
    gradients = torch.autograd.grad(prediction.sum(), [features[m] for m in shown], allow_unused=True)
    return tuple(m for m, gradient in zip(shown, gradients, strict=True) if gradient is not None)
