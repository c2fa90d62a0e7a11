"""Compiled attention in float32 gives what it gives in float64, whatever the vectors and however the sequences end.

In float64 it is tested against the plain encoder (test_fast_path.py); there it knows neither the long vectors nor the
versions for particular widths of a head.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dmd.dropout_mask import DropoutMask
from dmd.kernels import native

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no compiled passes")

BATCH, HEADS = 3, 2
SEEN_BEFORE_THE_END = 2
DROPOUT = DropoutMask(0x1234_5678_9ABC_DEF1, (77, 0))


def attend(
    dtype: torch.dtype, steps: tuple[int, int], head_width: int, order: int, dropout: DropoutMask | None
) -> tuple[int, list[Tensor]]:
    """Lanes; output and gradients of two branches, one sequence of each shorter than the others."""
    generator = torch.Generator().manual_seed(0)
    width, groups = HEADS * head_width, 2

    def drawn(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator, dtype=torch.float64).to(dtype)

    query, key_value = drawn(groups, BATCH * steps[0], width), drawn(groups, BATCH * steps[1], 2 * width)
    biases, gradient = (drawn(groups, width), drawn(groups, 2 * width)), drawn(groups, BATCH * steps[0], width)
    seen = torch.full((groups, BATCH), steps[1])
    seen[:, 1] = max(steps[1] - SEEN_BEFORE_THE_END, 1)
    shape = native.HeadShape(seen, HEADS, width, steps, order, dtype)
    mixed, stats = native.attention(query, key_value, biases, shape, dropout)
    gradients = native.attention_backward(query, key_value, biases, mixed, stats, gradient, shape, dropout)
    return shape.lanes, [mixed, *gradients]


@pytest.mark.parametrize("dropout", [None, DROPOUT], ids=["kept", "dropped"])
@pytest.mark.parametrize("head_width", [3, 4, 5, 8, 10, 16, 20])
@pytest.mark.parametrize("steps", [(1, 9), (7, 7), (8, 3), (9, 9), (16, 17), (17, 16), (33, 40)], ids=str)
def test_float32_equals_float64(steps: tuple[int, int], head_width: int, dropout: DropoutMask | None) -> None:
    for order in (-1, abs(steps[0] - steps[1])):
        lanes, narrow = attend(torch.float32, steps, head_width, order, dropout)
        _, exact = attend(torch.float64, steps, head_width, order, dropout)
        for own, other in zip(narrow, exact, strict=True):
            torch.testing.assert_close(own.double(), other, atol=2e-5, rtol=2e-5)
        assert lanes == (8 if steps[0] <= native.SHORT else native.widest())


def test_what_is_hidden_gets_no_gradient() -> None:
    for dtype in native.KINDS:
        _, (_, _, to_key_value) = attend(dtype, (20, 20), 5, -1, None)
        of_short = to_key_value.view(2, BATCH, 20, -1)[:, 1]
        assert bool((of_short[:, -SEEN_BEFORE_THE_END:] == 0).all())
        assert bool((of_short[:, :-SEEN_BEFORE_THE_END] != 0).all())
