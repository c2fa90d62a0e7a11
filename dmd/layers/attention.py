"""Multi-head attention with a packed projection (Vaswani et al. 2017; Eq. 10 for source L and target V)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout


class MultiHeadAttention(nn.Module):
    """Attention of a target sequence over a source sequence.

    B batch, T_q and T_k steps of target and source, w width, h heads. The query is scaled by ``(w / h) ** -0.5``.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_bias = nn.Parameter(torch.zeros(3 * width))
        self.out = XavierLinear(width, width)

    def forward(
        self, target: Tensor, source: Tensor, visible: Tensor | None, rate: float, dropout: Dropout, site: str
    ) -> Tensor:
        """(B, T_q, w), (B, T_k, w) -> (B, T_q, w). ``visible``: bool, broadcastable to (B, 1, T_q, T_k)."""
        width = target.shape[-1]
        if target is source:
            query, key, value = F.linear(target, self.in_weight, self.in_bias).chunk(3, dim=-1)
        else:
            query = F.linear(target, self.in_weight[:width], self.in_bias[:width])
            key, value = F.linear(source, self.in_weight[width:], self.in_bias[width:]).chunk(2, dim=-1)
        query, key, value = (self._split_heads(part) for part in (query, key, value))
        scores = (query * (width // self.heads) ** -0.5) @ key.transpose(-1, -2)
        if visible is not None:
            scores = scores.masked_fill(~visible, float("-inf"))
        weights = dropout(scores.softmax(dim=-1), rate, f"{site}.attention")
        mixed = (weights @ value).transpose(1, 2).reshape(target.shape)
        projected: Tensor = self.out(mixed)
        return projected

    def _split_heads(self, x: Tensor) -> Tensor:
        """(B, T, w) -> (B, h, T, w / h)."""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)


class XavierLinear(nn.Linear):
    """A linear layer that starts Xavier-uniform with zero bias (the encoder's layers)."""
