"""The compiled sums of L_dec are those of the losses that are read from the paper, and so are all their gradients."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.kernels import native
from dmd.kernels.decoupling_terms import FORMS, Terms
from dmd.layers.masks import real_steps
from dmd.losses.decoupling import OrthogonalityForm, orthogonality, squared_distance
from dmd.losses.native_decoupling import sum_terms

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no compiled passes")

BATCH, WIDTH, STEPS = 4, 6, (3, 5)
FIRSTS, LENGTHS = torch.tensor([0, 1, 0, 2]), torch.tensor([3, 2, 1, 1])


def draw(dtype: torch.dtype) -> list[list[Tensor]]:
    """x, common, exclusive, encoders and decoders of two modalities."""
    generator = torch.Generator().manual_seed(0)

    def drawn(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator, dtype=torch.float64).to(dtype).requires_grad_(True)

    parts = [[drawn(BATCH, steps, WIDTH) for steps in STEPS] for _ in range(3)]
    # a step, and a channel over the batch, whose norm is 0
    with torch.no_grad():
        parts[1][0][1, 1] = 0
        parts[1][0][:, 2, 3] = 0
    return [*parts, [drawn(WIDTH, WIDTH) for _ in STEPS], [drawn(WIDTH, 2 * WIDTH) for _ in STEPS]]


def by_torch(parts: list[list[Tensor]], form: OrthogonalityForm, along_batch: bool, masked: bool) -> Tensor:
    """(M, 3), averages taken back to sums."""
    sums = []
    for x, common, exclusive, encoder, decoder in zip(*parts, strict=True):
        decoded = F.linear(torch.cat([exclusive, common], dim=-1), decoder)
        again = F.linear(decoded, encoder)
        steps = x.shape[1]
        real = real_steps(FIRSTS, LENGTHS, steps) if masked else torch.ones(BATCH, steps, dtype=torch.bool)
        cosines = orthogonality(common, exclusive, real, form, "batch" if along_batch else "feature")
        num_cosines = steps * WIDTH if along_batch else real.sum()
        errors = [squared_distance(x, decoded, real, "sum"), squared_distance(exclusive, again, real, "sum")]
        sums.append(torch.stack([*(error * BATCH for error in errors), cosines * num_cosines]))
    return torch.stack(sums)


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "all real"])
@pytest.mark.parametrize("along_batch", [True, False], ids=["batch", "feature"])
@pytest.mark.parametrize("form", get_args(OrthogonalityForm))
def test_sums_and_gradients_equal_those_of_the_losses(form: OrthogonalityForm, along_batch: bool, masked: bool) -> None:
    assert form in FORMS
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 2e-5)):
        parts = draw(dtype)
        inputs = [tensor for part in parts for tensor in part]
        real = [(FIRSTS, LENGTHS)] * len(STEPS) if masked else None
        arrived = torch.tensor([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], dtype=dtype)
        compiled = sum_terms(Terms(*parts, real, form, along_batch))
        plain = by_torch(parts, form, along_batch, masked)
        torch.testing.assert_close(compiled, plain, atol=tolerance, rtol=tolerance)
        gradients = [torch.autograd.grad(sums, inputs, arrived) for sums in (compiled, plain)]
        for own, other in zip(*gradients, strict=True):
            torch.testing.assert_close(own, other, atol=tolerance, rtol=tolerance)
