"""Maximum mean discrepancy (Gretton et al., JMLR 2012) between two samples of vectors."""

from __future__ import annotations

import torch
from torch import Tensor

from dmd.precision import in_float32


@in_float32
def squared_mmd(x: Tensor, y: Tensor, bandwidth: float | None = None) -> Tensor:
    """The biased estimate with a Gaussian kernel: mean k(x, x') + mean k(y, y') - 2 mean k(x, y).

    ``k(a, b) = exp(-|a - b|^2 / bandwidth)``.

    Args:
        x: (..., N, w).
        y: (..., M, w).
        bandwidth: None: w^2, which is MFM's: the mean squared difference over the w entries, divided by w.

    Returns:
        (...), at least 0 but for rounding.
    """
    wide = float(x.shape[-1] ** 2) if bandwidth is None else bandwidth
    own = _kernel(x, x, wide).mean((-2, -1)) + _kernel(y, y, wide).mean((-2, -1))
    return own - 2 * _kernel(x, y, wide).mean((-2, -1))


def _kernel(x: Tensor, y: Tensor, bandwidth: float) -> Tensor:
    """(..., N, M)."""
    squared = x.square().sum(-1).unsqueeze(-1) + y.square().sum(-1).unsqueeze(-2) - 2 * x @ y.transpose(-2, -1)
    return torch.exp(-squared.clamp(min=0) / bandwidth)
