"""The MulT transformer encoder (Tsai et al., ACL 2019), used for self-attention, crossmodal and memory branches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.layers.attention import MultiHeadAttention, XavierLinear
from dmd.layers.masks import future_mask, real_steps
from dmd.layers.positions import position_table, positions_by_first_channel, positions_by_length


@dataclass(frozen=True)
class EncoderRates:
    """Dropout rates of one encoder."""

    attention: float
    embed: float
    relu: float
    residual: float


@dataclass(frozen=True)
class Sequence:
    """A right-padded batch of sequences inside the model. steps: (B, T, w); lengths: (B,) real steps."""

    steps: Tensor
    lengths: Tensor


class Encoder(nn.Module):
    """``levels`` pre-norm layers of attention and feed-forward, then a final norm.

    causal: apply the future mask. masks_padding: hide padded keys and index positions by length; otherwise padding is
    attended and positions follow the published code's first-channel rule.
    """

    table: Tensor

    def __init__(
        self, width: int, heads: int, levels: int, max_steps: int, *, causal: bool, masks_padding: bool
    ) -> None:
        super().__init__()
        self.causal = causal
        self.masks_padding = masks_padding
        self.scale = math.sqrt(width)
        self.layers = nn.ModuleList(EncoderLayer(width, heads) for _ in range(levels))
        self.norm = nn.LayerNorm(width)
        self.register_buffer("table", position_table(max_steps, width), persistent=False)

    def forward(self, target: Sequence, source: Sequence, rates: EncoderRates, dropout: Dropout, site: str) -> Tensor:
        """Encode ``target`` attending to ``source`` (pass the same object for self-attention); (B, T_target, w)."""
        is_self = target is source
        x = self._embed(target, rates, dropout, f"{site}.target")
        memory = x if is_self else self._embed(source, rates, dropout, f"{site}.source")
        visible = self._visible(target, source)
        for level, layer in enumerate(self.layers):
            x = layer(x, None if is_self else memory, visible, rates, dropout, f"{site}.{level}")
        normed: Tensor = self.norm(x)
        return normed

    def _embed(self, sequence: Sequence, rates: EncoderRates, dropout: Dropout, site: str) -> Tensor:
        x = self.scale * sequence.steps
        if self.masks_padding:
            index = positions_by_length(sequence.lengths, x.shape[1])
        else:
            index = positions_by_first_channel(x)
        return dropout(x + self.table[index].to(x.dtype), rates.embed, f"{site}.embed")

    def _visible(self, target: Sequence, source: Sequence) -> Tensor | None:
        num_queries, num_keys = target.steps.shape[1], source.steps.shape[1]
        visible: Tensor | None = None
        if self.causal:
            visible = future_mask(num_queries, num_keys, target.steps.device)
        if self.masks_padding:
            real = real_steps(source.lengths, num_keys)[:, None, None, :]
            visible = real if visible is None else visible & real
        return visible


class EncoderLayer(nn.Module):
    """LN, attention, residual; LN, feed-forward (w -> 4w -> w), residual.

    A crossmodal source passes the *same* norm as the query and is the original embedding in every layer.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.widen = XavierLinear(width, 4 * width)
        self.narrow = XavierLinear(4 * width, width)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None,
        visible: Tensor | None,
        rates: EncoderRates,
        dropout: Dropout,
        site: str,
    ) -> Tensor:
        """x: (B, T_q, w); memory: (B, T_k, w), or None for self-attention."""
        normed = self.attention_norm(x)
        source = normed if memory is None else self.attention_norm(memory)
        mixed = self.attention(normed, source, visible, rates.attention, dropout, site)
        x = x + dropout(mixed, rates.residual, f"{site}.attention_residual")
        hidden = F.relu(self.widen(self.feed_forward_norm(x)))
        hidden = self.narrow(dropout(hidden, rates.relu, f"{site}.relu"))
        return x + dropout(hidden, rates.residual, f"{site}.feed_forward_residual")
