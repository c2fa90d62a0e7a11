"""A modality that is hidden altogether is one function in training and in evaluation, and never no number.

torch's attention gives a clip without any key left finite numbers in training and NaN or zeros in evaluation, by the
padding of its neighbours (``docs/surprises.md``).
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from dmd.data.dataset.batches import Batch
from dmd.data.samples.arrays import Side
from dmd.dropout import no_dropout
from dmd.job import Setting
from dmd.modalities import Modality
from dmd.registry import build_model
from tests.dmd.builders import TINY, make_batch, make_dims

DIMS = make_dims()
MULT = {name: value for name, value in TINY.items() if not name.startswith("gd.")}


def hide(batch: Batch, modality: Modality, row: int) -> Batch:
    """``row`` without ``modality``: one step of zeros, as the data edge leaves it."""
    values, lengths = batch.features[modality].clone(), batch.lengths[modality].clone()
    values[row], lengths[row] = 0.0, 1
    return replace(batch, features={**batch.features, modality: values}, lengths={**batch.lengths, modality: lengths})


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("modality", ["language", "audio", "vision"])
@pytest.mark.parametrize(("method", "settings"), [("dmd", TINY), ("mult", MULT)])
def test_training_evaluation_and_company_give_the_same_number(
    method: str, settings: dict[str, Setting], modality: Modality, side: Side
) -> None:
    model = build_model(method, settings, DIMS, 0)
    batch = hide(make_batch(DIMS, 4, side=side), modality, row=1)
    with torch.enable_grad():
        training = model.train()(batch, no_dropout).prediction.detach()
    with torch.no_grad():
        evaluation = model.eval()(batch, no_dropout).prediction
        alone = model(batch.take(torch.tensor([1])), no_dropout).prediction
    assert training.isfinite().all()
    torch.testing.assert_close(evaluation, training)
    torch.testing.assert_close(alone, training[1:2])
