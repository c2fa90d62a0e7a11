"""One vector from a sequence."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from dmd.layers.masks import real_steps
from dmd.precision import in_float32

Pool = Literal["last", "last_valid", "mean_valid"]


@in_float32
def pool_steps(x: Tensor, lengths: Tensor, pool: Pool) -> Tensor:
    """(B, T, w) -> (B, w): the last step, the last real step, or the mean over real steps."""
    if pool == "last":
        return x[:, -1]
    if pool == "last_valid":
        return x[torch.arange(x.shape[0], device=x.device), lengths - 1]
    real = real_steps(lengths, x.shape[1]).unsqueeze(-1)
    return (x * real).sum(1) / lengths.unsqueeze(-1).to(x.dtype)
