"""The encoder as the paper reads: one branch after the other, one operation for each line of the text.

The oracle of the fast path. It reads the parameters of an :class:`dmd.layers.encoder.EncoderGroup`, so that outputs and
gradients of both can be compared by name.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.layers.encoder import EncoderGroup
from dmd.layers.encoder_layer import EncoderRates
from dmd.layers.masks import future_mask
from dmd.layers.pooling import pool_steps
from dmd.layers.positions import positions_by_first_channel
from dmd.layers.sequence import Sequence


def plain_forward(
    self: EncoderGroup,
    targets: Many[Sequence],
    sources: Many[Sequence] | None,
    rates: EncoderRates,
    dropout: Dropout,
    site: str,
) -> list[Tensor]:
    """Stands in for ``EncoderGroup.forward``; dropout is not applied."""
    outputs = []
    for branch, target in enumerate(targets):
        source = target if sources is None else sources[branch]
        x = _embed(self, target)
        memory = None if sources is None else _embed(self, source)
        visible = _visible(self, target, source)
        for layer in self.layers:
            x = _layer(layer, branch, x, memory, visible)
        x = F.layer_norm(x, x.shape[-1:], self.norm.weight[branch], self.norm.bias[branch])
        outputs.append(x if self.reads == "all" else pool_steps(target.with_steps(x), self.reads))
    return outputs


def _embed(group: EncoderGroup, sequence: Sequence) -> Tensor:
    x = group.scale * sequence.steps
    in_place = torch.arange(1, x.shape[1] + 1) * sequence.is_real
    return x + group.table[in_place if group.masks_padding else positions_by_first_channel(x)].to(x.dtype)


def _visible(group: EncoderGroup, target: Sequence, source: Sequence) -> Tensor:
    """(B or 1, 1, T_q, T_k): what a query may see."""
    num_queries, num_keys = target.steps.shape[1], source.steps.shape[1]
    visible = torch.ones(1, 1, num_queries, num_keys, dtype=torch.bool)
    if group.causal:
        visible = visible & future_mask(num_queries, num_keys)
    if group.masks_padding:
        visible = visible & source.is_real[:, None, None, :]
    return visible


def _layer(layer: Any, branch: int, x: Tensor, memory: Tensor | None, visible: Tensor) -> Tensor:
    def linear(name: str, y: Tensor) -> Tensor:
        part = getattr(layer, name)
        return F.linear(y, part.weight[branch], part.bias[branch])

    def norm(name: str, y: Tensor) -> Tensor:
        part = getattr(layer, name)
        return F.layer_norm(y, y.shape[-1:], part.weight[branch], part.bias[branch])

    normed = norm("attention_norm", x)
    source = normed if memory is None else norm("attention_norm", memory)
    key, value = linear("key_value", source).chunk(2, dim=-1)
    query, key, value = (_split(part, layer.heads) for part in (linear("query", normed), key, value))
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    sees_any = visible.any(dim=-1, keepdim=True)  # a query that sees no key gets 0
    weights = scores.masked_fill(~visible & sees_any, float("-inf")).softmax(dim=-1) * sees_any
    mixed = (weights @ value).transpose(1, 2).reshape(x.shape)
    x = x + linear("out", mixed)
    return x + linear("narrow", F.relu(linear("widen", norm("feed_forward_norm", x))))


def _split(x: Tensor, heads: int) -> Tensor:
    """(B, T, w) -> (B, heads, T, w / heads)."""
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)


def plain_convolve(x: Tensor, layer: Any) -> Tensor:
    """Stands in for ``dmd.models.projection.convolve``."""
    convolved: Tensor = layer(x.transpose(1, 2))
    return convolved.transpose(1, 2)
