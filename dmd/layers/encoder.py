"""The MulT transformer encoder (Tsai et al., ACL 2019), used for self-attention, crossmodal and memory branches.

Branches that read sequences of one length are computed together. With masked padding, shorter ones are padded up to the
longest where that costs less than computing them apart.

Legend: G branches, B batch, T_q and T_k steps of target and source, w width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.dropout_mask import DropoutMask
from dmd.kernels import native
from dmd.layers.attention import HIDDEN, AttentionMask, attend
from dmd.layers.grouped import GroupedLinear, GroupedNorm, Run, of_run
from dmd.layers.masks import future_mask, real_steps
from dmd.layers.native_layer import LayerParameters, LayerShape, run_layer
from dmd.layers.pooling import pool_steps
from dmd.layers.positions import position_table, positions_by_first_channel

Reads = Literal["all", "last", "last_valid", "mean_valid"]
ALL_SEEN = -1
"""The order of a layer whose queries see keys of any time."""
WORTH_PADDING = 1.5
"""Branches are padded to one length if that makes at most this many times the steps that they have."""


@dataclass(frozen=True)
class EncoderRates:
    """Dropout rates. attention: one for each branch."""

    attention: tuple[float, ...]
    embed: float
    relu: float
    residual: float


@dataclass(frozen=True)
class Sequence:
    """A right-padded batch of sequences inside the model. steps: (B, T, w); lengths: (B,) real steps."""

    steps: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class _Side:
    """Sequences of the branches that are computed together. steps: (G, B, T, w); lengths: (G, B)."""

    steps: Tensor
    lengths: Tensor

    @property
    def num_steps(self) -> int:
        return self.steps.shape[2]


class EncoderGroup(nn.Module):
    """An encoder for each branch: ``levels`` pre-norm layers of attention and feed-forward, then a final norm.

    causal: apply the future mask. masks_padding: hide padded keys and number real steps only; otherwise padding is
    attended and positions follow the published code's first-channel rule. reads: what is taken of the encoded steps:
    ``all`` of them, or one vector as :func:`dmd.layers.pooling.pool_steps` makes it; where that is a single step, the
    last layer computes no other.
    """

    table: Tensor

    def __init__(
        self,
        branches: tuple[str, ...],
        width: int,
        heads: int,
        levels: int,
        max_steps: int,
        *,
        causal: bool,
        masks_padding: bool,
        reads: Reads,
    ) -> None:
        super().__init__()
        self.branches = branches
        self.causal = causal
        self.masks_padding = masks_padding
        self.reads = reads
        self.scale = math.sqrt(width)
        self.layers = nn.ModuleList(EncoderLayer(branches, width, heads) for _ in range(levels))
        self.norm = GroupedNorm(branches, width)
        self.register_buffer("table", position_table(max_steps, width), persistent=False)

    def forward(
        self, targets: Many[Sequence], sources: Many[Sequence] | None, rates: EncoderRates, dropout: Dropout, site: str
    ) -> list[Tensor]:
        """One target per branch, attending to its source (None: to itself); (B, T_q, w) each, or (B, w) each."""
        encoded: list[Tensor] = []
        for part in self._parts(targets, sources):
            is_whole = part == slice(0, len(targets))
            name = site if is_whole else f"{site}.{self.branches[part.start]}"
            target, source = _stack(targets[part]), None if sources is None else _stack(sources[part])
            ends = torch.stack([self._last_step(sequence) for sequence in targets[part]])
            own = replace(rates, attention=rates.attention[part])
            outputs = self._encode(None if is_whole else part, target, source, ends, own, dropout, name)
            encoded += [
                x[:, : s.steps.shape[1]] if x.ndim == 3 else x for x, s in zip(outputs, targets[part], strict=True)
            ]
        return encoded

    def _parts(self, targets: Many[Sequence], sources: Many[Sequence] | None) -> list[slice]:
        """Neighbouring branches that are computed together."""
        sides = [targets] if sources is None else [targets, sources]
        shapes = [tuple(side[place].steps.shape[1] for side in sides) for place in range(len(targets))]
        if self.masks_padding and not self.causal:
            longest = [max(steps) for steps in zip(*shapes, strict=True)]
            needed = [sum(steps) / len(targets) for steps in zip(*shapes, strict=True)]
            if all(most <= WORTH_PADDING * mean for most, mean in zip(longest, needed, strict=True)):
                return [slice(0, len(targets))]
        starts = [place for place in range(len(shapes)) if place == 0 or shapes[place] != shapes[place - 1]]
        return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(shapes)], strict=True)]

    def _last_step(self, sequence: Sequence) -> Tensor:
        """(B,) the step that ``last`` or ``last_valid`` reads."""
        if self.reads == "last":
            return torch.full_like(sequence.lengths, sequence.steps.shape[1] - 1)
        return sequence.lengths - 1

    def _encode(
        self,
        run: Run,
        target: _Side,
        source: _Side | None,
        ends: Tensor,
        rates: EncoderRates,
        dropout: Dropout,
        site: str,
    ) -> tuple[Tensor, ...]:
        x: Tensor = self._embed(target, rates, dropout, f"{site}.target")
        memory = None if source is None else self._embed(source, rates, dropout, f"{site}.source")
        keys = target if source is None else source
        order = abs(keys.num_steps - target.num_steps) if self.causal else ALL_SEEN
        view = LayerView(run, keys.lengths if self.masks_padding else None, order)
        reads_one = self.reads in ("last", "last_valid")
        for level, layer in enumerate(self.layers):
            if reads_one and level == len(self.layers) - 1:
                # the one query that is left sees the keys up to its own step, or all there are
                hides = self.masks_padding or (self.causal and self.reads == "last_valid")
                view = LayerView(run, keys.lengths if hides else None, ALL_SEEN, ends)
            x = layer(x, memory, view, rates, dropout, f"{site}.{level}")
        normed: Tensor = self.norm(x.flatten(1, 2), run).view(x.shape)
        if reads_one:
            return normed.squeeze(2).unbind(0)
        if self.reads == "mean_valid":
            return tuple(pool_steps(s, n, "mean_valid") for s, n in zip(normed, target.lengths, strict=True))
        return normed.unbind(0)

    def _embed(self, side: _Side, rates: EncoderRates, dropout: Dropout, site: str) -> Tensor:
        if self.masks_padding:
            table = self.table[1 : side.num_steps + 1].to(side.steps.dtype)
            x = torch.add(table * _real(side).unsqueeze(-1), side.steps, alpha=self.scale)
        else:
            x = self.scale * side.steps
            x = x + self.table[positions_by_first_channel(x.flatten(0, 1)).view(x.shape[:3])].to(x.dtype)
        return dropout(x, rates.embed, f"{site}.embed")


@dataclass(frozen=True)
class LayerView:
    """What a layer works on, and what its queries may see.

    run: the branches. seen: (G, B), keys that may be seen, a prefix of the source; None: all. order: a query i sees
    keys up to i + order; ``ALL_SEEN``: all. ends: (G, B), the one step to compute of each target; None: every step.
    """

    run: Run
    seen: Tensor | None
    order: int
    ends: Tensor | None = None

    def rows(self, num_steps: int) -> Tensor | None:
        """``ends`` as rows of (G * B * T_q)."""
        if self.ends is None:
            return None
        return torch.arange(self.ends.numel(), device=self.ends.device) * num_steps + self.ends.flatten()

    def mask(self, x: Tensor, num_keys: int, heads: int, dropout: DropoutMask | None) -> AttentionMask:
        """The same for :func:`dmd.layers.attention.attend`, on the device of x: (G, B, T_q, w)."""
        hidden = future = None
        if self.seen is not None:
            real = real_steps(self.seen.flatten(), num_keys)
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
        """x: (G, B, T_q, w); memory: (G, B, T_k, w), or None for self-attention. (G, B, T_q or 1, w)."""
        dropped = dropout.mask(rates.attention, f"{site}.attention")
        rows = view.rows(x.shape[2])
        if native.serves(x) and not (dropped and (rates.relu or rates.residual)):
            return self._run_native(x, memory, view, dropped, rows)
        run, source = view.run, x if memory is None else memory
        normed = self.attention_norm(x.flatten(1, 2), run)
        normed_source = normed if memory is None else self.attention_norm(memory.flatten(1, 2), run)
        mask = view.mask(x, source.shape[2], self.heads, dropped)
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

    def _run_native(
        self, x: Tensor, memory: Tensor | None, view: LayerView, dropped: DropoutMask | None, rows: Tensor | None
    ) -> Tensor:
        source = x if memory is None else memory
        seen = view.seen
        if seen is None:
            seen = torch.full(x.shape[:2], source.shape[2], dtype=torch.int64)
        layers = (self.query, self.key_value, self.out, self.widen, self.narrow)
        query, key_value, out, widen, narrow = ((of_run(p.weight, view.run), of_run(p.bias, view.run)) for p in layers)
        norms = (self.attention_norm, self.feed_forward_norm)
        first, second = ((of_run(p.weight, view.run), of_run(p.bias, view.run)) for p in norms)
        parameters = LayerParameters(*first, *query, *key_value, *out, *second, *widen, *narrow)
        shape = LayerShape(self.heads, seen, view.order, source.shape[2], rows, dropped)
        flat = None if memory is None else memory.flatten(1, 2)
        output = run_layer(x.flatten(1, 2), flat, parameters, shape)
        return output.view(*x.shape[:2], -1, x.shape[3])


def _stack(sequences: Many[Sequence]) -> _Side:
    """Sequences of several branches side by side, padded with zeros up to the longest."""
    longest = max(s.steps.shape[1] for s in sequences)
    padded = [
        F.pad(s.steps, (0, 0, 0, longest - s.steps.shape[1])) if s.steps.shape[1] < longest else s.steps
        for s in sequences
    ]
    return _Side(torch.stack(padded), torch.stack([s.lengths for s in sequences]))


def _real(side: _Side) -> Tensor:
    """(G, B, T) bool: True at real steps."""
    return real_steps(side.lengths.flatten(), side.num_steps).view(*side.lengths.shape, side.num_steps)


def take_rows(x: Tensor, rows: Tensor) -> Tensor:
    """(G, B, T, w) -> (G, B, 1, w): of every sequence the one row that ``rows`` (G * B,) names."""
    return x.flatten(0, 2).index_select(0, rows).view(*x.shape[:2], 1, x.shape[-1])
