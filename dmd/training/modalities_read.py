"""Which modalities a model reads: declared by the package's own models, found out for any other module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.dropout import no_dropout
from dmd.modalities import Modality
from dmd.models.model import Model
from dmd.models.plain_module import PlainModule

_NUM_ROWS = 8


def modalities_read(model: Model, part: Batch) -> tuple[Modality, ...]:
    """The modalities of ``part`` that are not blank and that predictions are computed from.

    Args:
        model: in evaluation mode.
        part: samples; the first few are predicted where that has to be found out.
    """
    shown = tuple(m for m in model.reads if bool(part.features[m].any()))
    if not isinstance(model, PlainModule):
        return shown
    batch = part.take(slice(0, _NUM_ROWS))
    # cuDNN's recurrent layers have no gradient in evaluation mode.
    with torch.backends.cudnn.flags(enabled=False):
        found = {*_with_gradient(model, batch, shown), *_with_effect(model, batch, shown)}
    return tuple(m for m in shown if m in found)


def _with_gradient(model: Model, batch: Batch, shown: Sequence[Modality]) -> Iterator[Modality]:
    """Those that gradients of predictions reach: also where an effect has vanished."""
    features = {m: x.detach().clone().requires_grad_(m in shown) for m, x in batch.features.items()}
    with torch.enable_grad():
        prediction = _predict(model, batch, features)
        if not prediction.requires_grad:
            return
        gradients = torch.autograd.grad(prediction.sum(), [features[m] for m in shown], allow_unused=True)
    yield from (m for m, gradient in zip(shown, gradients, strict=True) if gradient is not None)


def _with_effect(model: Model, batch: Batch, shown: Sequence[Modality]) -> Iterator[Modality]:
    """Those whose values move a prediction: also where they are compared or looked up, which has no gradient."""
    with torch.no_grad():
        before = _predict(model, batch, batch.features)
        for m in shown:
            blank = {**batch.features, m: torch.zeros_like(batch.features[m])}
            if not torch.equal(_predict(model, batch, blank), before):
                yield m


def _predict(model: Model, batch: Batch, features: Mapping[Modality, Tensor]) -> Tensor:
    return model(replace(batch, features=features, labels=None), no_dropout).prediction
