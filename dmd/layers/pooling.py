"""One vector from a sequence."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from dmd.layers.sequence import Sequence
from dmd.precision import in_float32

Pool = Literal["last", "last_valid", "mean_valid"]


def pool_steps(x: Sequence, pool: Pool) -> Tensor:
    """(B, T, w) -> (B, w): the last step, the last real step, or the mean over real steps."""
    steps = x.steps
    if pool == "mean_valid":
        return mean_of_real(steps, x.is_real)
    if pool == "last" or x.side == "end":
        return steps[:, -1]
    return steps[torch.arange(len(steps), device=steps.device), x.lasts]


@in_float32
def mean_of_real(x: Tensor, is_real: Tensor) -> Tensor:
    """(..., T, w) -> (..., w): the mean over the steps that ``is_real`` (..., T) names, at least one of each."""
    real = is_real.unsqueeze(-1).to(x.dtype)
    return (x * real).sum(-2) / real.sum(-2)
