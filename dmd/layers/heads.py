"""Regression heads: one number per sample, after a residual two-layer block or straight away."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.precision import in_float32


@dataclass(frozen=True)
class HeadOutput:
    """hidden: (B, inner) after ReLU; residual: (B, width) after the skip connection; logit: (B,)."""

    hidden: Tensor
    residual: Tensor
    logit: Tensor


class ResidualHead(nn.Module):
    """``r = ReLU(W1 x); y = W2 dropout(r) + x; logit = w y``, of width ``width`` with ``inner`` hidden units."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, inner)
        self.back = nn.Linear(inner, width)
        self.out = nn.Linear(width, 1)

    @in_float32
    def forward(self, x: Tensor, rate: float, dropout: Dropout, site: str) -> HeadOutput:
        """x: (B, width)."""
        hidden = F.relu(self.into(x))
        residual = self.back(dropout(hidden, rate, f"{site}.output")) + x
        return HeadOutput(hidden, residual, self.out(residual).squeeze(-1))


class LinearHead(nn.Module):
    """``logit = w x``; what a residual block would give is ``x`` itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, 1)

    @in_float32
    def forward(self, x: Tensor) -> HeadOutput:
        """x: (B, width)."""
        return HeadOutput(x, x, self.out(x).squeeze(-1))
