"""Which modalities a model reads: declared by the package's own models, found out for any other module."""

from __future__ import annotations

from dataclasses import replace

import torch

from dmd.data.dataset.batches import Batch
from dmd.dropout import no_dropout
from dmd.modalities import Modality
from dmd.models.model import Model
from dmd.models.plain_module import module_of

_NUM_ROWS = 8


def modalities_read(model: Model, part: Batch) -> tuple[Modality, ...]:
    """The modalities of ``part`` that are not blank and that predictions are computed from.

    Args:
        model: in evaluation mode.
        part: samples; the first few are predicted where that has to be found out.
    """
    shown = tuple(m for m in model.reads if bool(part.features[m].any()))
    if module_of(model) is model:
        return shown
    batch = part.take(slice(0, _NUM_ROWS))
    features = {m: x.detach().clone().requires_grad_(m in shown) for m, x in batch.features.items()}
    with torch.enable_grad():
        prediction = model(replace(batch, features=features, labels=None), no_dropout).prediction.sum()
    if not prediction.requires_grad:
        return shown
    gradients = torch.autograd.grad(prediction, [features[m] for m in shown], allow_unused=True)
    return tuple(m for m, gradient in zip(shown, gradients, strict=True) if gradient is not None)
