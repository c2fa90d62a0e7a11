"""One layer of the MulT encoder (Tsai et al., ACL 2019) for several branches at once.

By the compiled library where it serves, else as a chain of torch operations.

Legend: G branches, B batch, T_q and T_k steps of target and source, w width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.dropout_mask import DropoutMask
from dmd.kernels import native
from dmd.kernels.encoder_stack import LevelShape, StackShape
from dmd.layers.attention import HIDDEN, AttentionMask, attend
from dmd.layers.grouped import GroupedLinear, GroupedNorm, Run, of_run
from dmd.layers.masks import future_mask, real_steps
from dmd.layers.native_stack import LayerParameters, run_stack

ALL_SEEN = -1
"""The order of a layer whose queries see keys of any time."""


@dataclass(frozen=True)
class EncoderRates:
    """Dropout rates of an encoder group.

    Attributes:
        attention: of attention weights, one rate for each branch.
        embed: of the input, after positions are added.
        relu: of the hidden units of the feed-forward part.
        residual: of the outputs of attention and feed-forward, before they are added.
    """

    attention: tuple[float, ...]
    embed: float
    relu: float
    residual: float


@dataclass(frozen=True)
class Seen:
    """The keys of each source that may be seen: ``nums`` (G, B) of them from ``firsts`` (G, B) on."""

    firsts: Tensor
    nums: Tensor


@dataclass(frozen=True)
class LayerView:
    """What a layer works on, and what its queries may see.

    Attributes:
        run: the branches.
        seen: keys that may be seen; None: all.
        order: a query i sees keys up to i + order; ``ALL_SEEN``: all.
        ends: (G, B), the one step to compute of each target; None: every step.
    """

    run: Run
    seen: Seen | None
    order: int
    ends: Tensor | None = None

    def rows(self, num_steps: int) -> Tensor | None:
        """``ends`` as rows of (G * B * T_q)."""
        if self.ends is None:
            return None
        return torch.arange(self.ends.numel(), device=self.ends.device) * num_steps + self.ends.flatten()

    def level(self, rates: EncoderRates, dropout: Dropout, site: str) -> LevelShape:
        """The same for the compiled library, with the masks of dropout."""
        firsts, nums = (None, None) if self.seen is None else (self.seen.firsts, self.seen.nums)
        others = (
            dropout.mask((rates.residual,), f"{site}.attention_residual"),
            dropout.mask((rates.relu,), f"{site}.relu"),
            dropout.mask((rates.residual,), f"{site}.feed_forward_residual"),
        )
        mask = dropout.mask(rates.attention, f"{site}.attention")
        return LevelShape(self.order, firsts, nums, self.ends, mask, others)

    def mask(self, x: Tensor, num_keys: int, heads: int, dropout: DropoutMask | None) -> AttentionMask:
        """What the queries may see, as :func:`dmd.layers.attention.attend` reads it, on the device of ``x``.

        Args:
            x: (G, B, T_q, w), the target before ``ends`` picks steps of it.
            num_keys: T_k.
            heads: attention heads.
            dropout: of the attention weights; None: nothing is dropped.
        """
        hidden = future = None
        if self.seen is not None:
            real = real_steps(self.seen.firsts.flatten(), self.seen.nums.flatten(), num_keys)
            hidden = ((~real).to(x.dtype) * HIDDEN).repeat_interleave(heads, dim=0)
        if self.order != ALL_SEEN:
            future = (~future_mask(x.shape[2], num_keys, x.device).T).to(x.dtype) * HIDDEN
        return AttentionMask(hidden, future, dropout)


class EncoderLayer(nn.Module):
    """LN, attention, residual; LN, feed-forward (w -> 4w -> w), residual.

    A crossmodal source passes the *same* norm as the query and is the original embedding in every layer.
    """

    def __init__(self, branches: tuple[str, ...], width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = GroupedNorm(branches, width)
        self.query = GroupedLinear(branches, width, width, fan_out=3 * width)
        self.key_value = GroupedLinear(branches, width, 2 * width, fan_out=3 * width)
        self.out = GroupedLinear(branches, width, width)
        self.feed_forward_norm = GroupedNorm(branches, width)
        self.widen = GroupedLinear(branches, width, 4 * width)
        self.narrow = GroupedLinear(branches, 4 * width, width)

    def forward(
        self, x: Tensor, memory: Tensor | None, view: LayerView, rates: EncoderRates, dropout: Dropout, site: str
    ) -> Tensor:
        """One layer of all branches.

        Args:
            x: (G, B, T_q, w).
            memory: (G, B, T_k, w); None: self-attention.
            view: what may be seen.
            rates: of dropout.
            dropout: of this step.
            site: name of the dropout masks.

        Returns:
            (G, B, T_q, w), or (G, B, 1, w) where the view leaves one query.
        """
        if native.serves(x):
            num_keys = (x if memory is None else memory).shape[2]
            shape = StackShape(self.heads, num_keys, [view.level(rates, dropout, site)])
            return run_stack(x, memory, [self.parameters_of(view.run)], None, shape)
        rows = view.rows(x.shape[2])
        run, source = view.run, x if memory is None else memory
        normed = self.attention_norm(x.flatten(1, 2), run)
        normed_source = normed if memory is None else self.attention_norm(memory.flatten(1, 2), run)
        mask = view.mask(x, source.shape[2], self.heads, dropout.mask(rates.attention, f"{site}.attention"))
        if rows is not None:
            x, normed = take_rows(x, rows), take_rows(normed.view(x.shape), rows).flatten(1, 2)
        mixed = self._attend(normed, normed_source, x.shape[1], mask, run)
        middle = x.flatten(1, 2) + dropout(mixed, rates.residual, f"{site}.attention_residual")
        hidden = F.relu(self.widen(self.feed_forward_norm(middle, run), run), inplace=True)
        hidden = self.narrow(dropout(hidden, rates.relu, f"{site}.relu"), run)
        output: Tensor = middle + dropout(hidden, rates.residual, f"{site}.feed_forward_residual")
        return output.view(x.shape)

    def _attend(self, target: Tensor, source: Tensor, batch: int, mask: AttentionMask, run: Run) -> Tensor:
        """target: (G, B * T_q, w); source: (G, B * T_k, w)."""
        branches, width = target.shape[0], target.shape[-1]
        (query,) = self._heads(self.query, target, batch, run)
        key, value = self._heads(self.key_value, source, batch, run)
        mixed = attend(query * (width // self.heads) ** -0.5, key, value, mask)
        # (G * B * heads, h, T_q) -> (G, w, B * T_q), as rows (G, B * T_q, w)
        split = mixed.view(branches, batch, self.heads, width // self.heads, -1)
        columns = split.permute(0, 2, 3, 1, 4).reshape(branches, width, -1)
        output: Tensor = self.out(columns.transpose(1, 2), run)
        return output

    def _heads(self, layer: GroupedLinear, x: Tensor, batch: int, run: Run) -> tuple[Tensor, ...]:
        """(G, B * T, w) -> as many as the layer gives of query, key and value, each (G * B * heads, h, T)."""
        branches, rows, width = x.shape
        head_width = width // self.heads
        split = layer.columns(x, run).view(branches, -1, self.heads, head_width, batch, rows // batch)
        return split.permute(1, 0, 4, 2, 3, 5).reshape(split.shape[1], -1, head_width, rows // batch).unbind(0)

    def keys(self, normed: Tensor) -> Tensor:
        """(G, N, w) -> (G, N, w), the keys of all branches without the values."""
        weight, bias = (parameter.chunk(2, dim=1)[0] for parameter in (self.key_value.weight, self.key_value.bias))
        return torch.baddbmm(bias.unsqueeze(1), normed, weight.transpose(1, 2))

    def parameters_of(self, run: Run) -> LayerParameters:
        """Of the branches of ``run``, for the compiled library."""
        first = (self.attention_norm, self.query, self.key_value, self.out)
        parts = (*first, self.feed_forward_norm, self.widen, self.narrow)
        return LayerParameters(*(of_run(p, run) for part in parts for p in (part.weight, part.bias)))


def take_rows(x: Tensor, rows: Tensor) -> Tensor:
    """(G, B, T, w) -> (G, B, 1, w): of every sequence the one row that ``rows`` (G * B,) names."""
    return x.flatten(0, 2).index_select(0, rows).view(*x.shape[:2], 1, x.shape[-1])
