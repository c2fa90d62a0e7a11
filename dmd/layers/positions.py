"""Sinusoidal positions of the MulT encoder (Vaswani et al. 2017; layout of reference implementations of MulT)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def position_table(num_positions: int, width: int) -> Tensor:
    """Rows 0..num_positions of ``[sin(p * f), cos(p * f)]``; (num_positions + 1, width) float32.

    ``f_i = exp(-i * ln(10000) / (width / 2 - 1))``. Row 0 is all zero: it belongs to padding. ``width`` must be even.
    """
    half = width // 2
    frequency = torch.exp(torch.arange(half, dtype=torch.float64) * -(math.log(10000) / max(half - 1, 1)))
    angle = torch.arange(num_positions + 1, dtype=torch.float64)[:, None] * frequency[None, :]
    table = torch.cat([angle.sin(), angle.cos()], dim=1)
    table[0] = 0
    return table.float()


def positions_by_first_channel(x: Tensor) -> Tensor:
    """Position index as the published code finds it: 0 wherever the first channel is exactly 0.0; (B, T) int64.

    x: (B, T, width). Meant there as padding detection (reference quirk "positional").
    """
    index = torch.arange(1, x.shape[1] + 1, device=x.device)
    return index * (x[..., 0] != 0)
