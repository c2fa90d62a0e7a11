"""Sequences of several branches side by side, for encoder layers that a method arranges in its own way.

Legend: G branches, B batch, T steps, w width. Real steps come first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.layers.encoder_layer import ALL_SEEN, LayerView, Seen
from dmd.layers.masks import real_steps
from dmd.layers.sequence import Sequence


@dataclass(frozen=True)
class StackedSequences:
    """A sequence per branch.

    Attributes:
        steps: (G, B, T, w).
        lengths: (G, B) real steps.
    """

    steps: Tensor
    lengths: Tensor

    @property
    def is_real(self) -> Tensor:
        """(G, B, T) bool."""
        real = real_steps(torch.zeros_like(self.lengths).flatten(), self.lengths.flatten(), self.steps.shape[2])
        return real.view(*self.lengths.shape, -1)

    @property
    def view(self) -> LayerView:
        """What queries may see where these are the keys: every real step."""
        return LayerView(None, Seen(torch.zeros_like(self.lengths), self.lengths), ALL_SEEN)

    def with_steps(self, steps: Tensor) -> StackedSequences:
        """Other features of the same steps."""
        return replace(self, steps=steps)

    def unstack(self) -> list[Sequence]:
        """Each branch's own, (B, T, w)."""
        return [Sequence(steps, lengths) for steps, lengths in zip(self.steps, self.lengths, strict=True)]


def stack(sequences: Many[Sequence]) -> StackedSequences:
    """Side by side, padded with zeros behind up to the longest."""
    moved = [x.moved_to("start") for x in sequences]
    longest = max(x.num_steps for x in moved)
    steps = [F.pad(x.steps, (0, 0, 0, longest - x.num_steps)) for x in moved]
    return StackedSequences(torch.stack(steps), torch.stack([x.lengths for x in moved]))


def with_positions(x: Sequence, table: Tensor) -> Sequence:
    """The first step scaled up and at position 1, as MulT's encoder has it; padding stays zero.

    Args:
        x: (B, T, w), at either side.
        table: (positions + 1, w), of which row 0 is that of padding (:func:`dmd.layers.positions.position_table`).
    """
    moved = x.moved_to("start")
    placed = math.sqrt(moved.steps.shape[-1]) * moved.steps + table[1 : moved.num_steps + 1].to(moved.steps.dtype)
    return moved.with_steps(placed * moved.is_real.unsqueeze(-1))


def join_in_time(sequences: Many[Sequence]) -> Sequence:
    """One after the other, (B, longest, w): the real steps of all of them first, in this order."""
    moved = [x.moved_to("start") for x in sequences]
    steps = torch.cat([x.steps for x in moved], dim=1)
    is_padding = torch.cat([~x.is_real for x in moved], dim=1)
    order = is_padding.int().argsort(dim=1, stable=True).unsqueeze(-1).expand_as(steps)
    lengths = torch.stack([x.lengths for x in moved]).sum(0)
    return Sequence(steps.gather(1, order), lengths).shortened_to("start")
