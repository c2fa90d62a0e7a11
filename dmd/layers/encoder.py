"""The MulT transformer encoder (Tsai et al., ACL 2019), used for self-attention, crossmodal and memory branches.

Branches that read sequences of one length are computed together. With masked padding, shorter ones are padded up to the
longest where that costs less than computing them apart.

Legend: G branches, B batch, T_q and T_k steps of target and source, w width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.dropout import Dropout
from dmd.kernels import native
from dmd.kernels.encoder_stack import StackShape
from dmd.layers.encoder_layer import ALL_SEEN, EncoderLayer, EncoderRates, LayerView, Seen
from dmd.layers.grouped import GroupedNorm, Run, of_run
from dmd.layers.masks import real_steps
from dmd.layers.native_stack import run_stack
from dmd.layers.pooling import mean_of_real
from dmd.layers.positions import position_table, positions_by_first_channel
from dmd.layers.sequence import Sequence

Reads = Literal["all", "last", "last_valid", "mean_valid"]
WORTH_PADDING = 1.5
"""Branches are padded to one length if that makes at most this many times the steps that they have."""


@dataclass(frozen=True)
class _Stacked:
    """Sequences of the branches that are computed together.

    steps: (G, B, T, w). firsts, lengths: (G, B), the first real step and how many there are.
    """

    steps: Tensor
    firsts: Tensor
    lengths: Tensor

    @property
    def num_steps(self) -> int:
        return self.steps.shape[2]

    @property
    def is_real(self) -> Tensor:
        """(G, B, T) bool: True at real steps."""
        real = real_steps(self.firsts.flatten(), self.lengths.flatten(), self.num_steps)
        return real.view(*self.lengths.shape, self.num_steps)


class EncoderGroup(nn.Module):
    """An encoder for each branch: pre-norm layers of attention and feed-forward, then a final norm.

    Args:
        branches: names, from which the initial values of each are drawn.
        width: w.
        heads: attention heads.
        levels: layers.
        max_steps: positions that there are.
        causal: apply the future mask.
        masks_padding: hide padded keys and number real steps only; otherwise padding is attended and positions follow
            the published code's first-channel rule.
        reads: what is taken of the encoded steps: ``all`` of them, or one vector as
            :func:`dmd.layers.pooling.pool_steps` makes it; where that is a single step, the last layer computes no
            other.
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
        """Encode one target per branch, attending to its source.

        Args:
            targets: (B, T_q, w) each.
            sources: (B, T_k, w) each; None: each target attends to itself.
            rates: of dropout.
            dropout: of this step.
            site: name of the dropout masks.

        Returns:
            (B, T_q, w) for each branch, or (B, w) where ``reads`` takes one vector.
        """
        encoded: list[Tensor] = []
        for part in self._parts(targets, sources):
            is_whole = part == slice(0, len(targets))
            name = site if is_whole else f"{site}.{self.branches[part.start]}"
            target, source = _stack(targets[part]), None if sources is None else _stack(sources[part])
            own = replace(rates, attention=rates.attention[part])
            ends = self._ends(targets[part])
            outputs = self._encode(None if is_whole else part, target, source, ends, own, dropout, name)
            encoded += map(_as_long_as, outputs, targets[part])
        return encoded

    def _parts(self, targets: Many[Sequence], sources: Many[Sequence] | None) -> list[slice]:
        """Neighbouring branches that are computed together."""
        sides = [targets] if sources is None else [targets, sources]
        shapes = [tuple(side[index].steps.shape[1] for side in sides) for index in range(len(targets))]
        if self.masks_padding and not self.causal:
            longest = [max(steps) for steps in zip(*shapes, strict=True)]
            needed = [sum(steps) / len(targets) for steps in zip(*shapes, strict=True)]
            if all(most <= WORTH_PADDING * mean for most, mean in zip(longest, needed, strict=True)):
                return [slice(0, len(targets))]
        starts = [index for index in range(len(shapes)) if index == 0 or shapes[index] != shapes[index - 1]]
        return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(shapes)], strict=True)]

    def _ends(self, targets: Many[Sequence]) -> Tensor | None:
        """(G, B) the step that ``last`` or ``last_valid`` reads; None where another vector or every step is read."""
        if self.reads == "last":
            return torch.stack([torch.full_like(s.lengths, s.num_steps - 1) for s in targets])
        return torch.stack([s.lasts for s in targets]) if self.reads == "last_valid" else None

    def _encode(
        self,
        run: Run,
        target: _Stacked,
        source: _Stacked | None,
        ends: Tensor | None,
        rates: EncoderRates,
        dropout: Dropout,
        site: str,
    ) -> tuple[Tensor, ...]:
        x: Tensor = self._embed(target, rates, dropout, f"{site}.target")
        memory = None if source is None else self._embed(source, rates, dropout, f"{site}.source")
        keys = target if source is None else source
        order = abs(keys.num_steps - target.num_steps) if self.causal else ALL_SEEN
        seen = Seen(keys.firsts, keys.lengths) if self.masks_padding else None
        views = [LayerView(run, seen, order)] * len(self.layers)
        if ends is not None:
            # the one query that is left sees the keys up to its own step, or all there are
            if seen is None and self.causal and self.reads == "last_valid":
                seen = Seen(torch.zeros_like(ends), ends + 1)
            views[-1] = LayerView(run, seen, ALL_SEEN, ends)
        encode = self._run_native if native.serves(x) else self._run_layers
        normed = encode(x, memory, views, rates, dropout, site)
        if ends is not None:
            return normed.squeeze(2).unbind(0)
        if self.reads == "mean_valid":
            return mean_of_real(normed, target.is_real).unbind(0)
        return normed.unbind(0)

    def _run_layers(
        self,
        x: Tensor,
        memory: Tensor | None,
        views: Many[LayerView],
        rates: EncoderRates,
        dropout: Dropout,
        site: str,
    ) -> Tensor:
        """The layers, then the norm. x: (G, B, T_q, w); memory: (G, B, T_k, w) or None. (G, B, T_q or 1, w)."""
        for level, (layer, view) in enumerate(zip(self.layers, views, strict=True)):
            x = layer(x, memory, view, rates, dropout, f"{site}.{level}")
        normed: Tensor = self.norm(x.flatten(1, 2), views[-1].run)
        return normed.view(x.shape)

    def _run_native(
        self,
        x: Tensor,
        memory: Tensor | None,
        views: Many[LayerView],
        rates: EncoderRates,
        dropout: Dropout,
        site: str,
    ) -> Tensor:
        """The same by the compiled library."""
        run = views[0].run
        levels = [view.level(rates, dropout, f"{site}.{level}") for level, view in enumerate(views)]
        layers = [cast(EncoderLayer, layer) for layer in self.layers]
        num_keys = (x if memory is None else memory).shape[2]
        shape = StackShape(layers[0].heads, num_keys, levels)
        norm = of_run(self.norm.weight, run), of_run(self.norm.bias, run)
        return run_stack(x, memory, [layer.parameters_of(run) for layer in layers], norm, shape)

    def _embed(self, side: _Stacked, rates: EncoderRates, dropout: Dropout, site: str) -> Tensor:
        """Positions are counted from 1 along the steps that the model was built for, not from the first real one."""
        if self.masks_padding:
            table = self.table[1 : side.num_steps + 1].to(side.steps.dtype)
            x = torch.add(table * side.is_real.unsqueeze(-1), side.steps, alpha=self.scale)
        else:
            x = self.scale * side.steps
            x = x + self.table[positions_by_first_channel(x.flatten(0, 1)).view(x.shape[:3])].to(x.dtype)
        return dropout(x, rates.embed, f"{site}.embed")


def _stack(sequences: Many[Sequence]) -> _Stacked:
    """Sequences of several branches side by side, padded with zeros up to the longest."""
    longest = max(s.num_steps for s in sequences)
    padded = [F.pad(s.steps, (0, 0, 0, longest - s.num_steps)) if s.num_steps < longest else s.steps for s in sequences]
    firsts, lengths = (torch.stack([getattr(s, name) for s in sequences]) for name in ("firsts", "lengths"))
    return _Stacked(torch.stack(padded), firsts, lengths)


def _as_long_as(x: Tensor, target: Sequence) -> Tensor:
    """What was encoded of a padded target, without the padding; vectors stay what they are."""
    return x if x.ndim == 2 or x.shape[1] == target.num_steps else x[:, : target.num_steps]
