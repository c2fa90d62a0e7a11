"""Sequences inside a model, and where in them the real steps are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dmd.data.samples.arrays import Side
from dmd.layers.masks import real_steps


@dataclass(frozen=True)
class Sequence:
    """A batch of sequences of one modality.

    Attributes:
        steps: (B, T, w).
        lengths: (B,) real steps of each, in 1..T.
        side: where they stand: the first steps (``start``) or the last ones (``end``).
    """

    steps: Tensor
    lengths: Tensor
    side: Side = "start"

    @property
    def num_steps(self) -> int:
        """T."""
        return self.steps.shape[1]

    @property
    def firsts(self) -> Tensor:
        """(B,) the first real step of each."""
        return torch.zeros_like(self.lengths) if self.side == "start" else self.num_steps - self.lengths

    @property
    def lasts(self) -> Tensor:
        """(B,) the last real step of each, which in this field's files bears the label."""
        return self.firsts + self.lengths - 1

    @property
    def is_real(self) -> Tensor:
        """(B, T) bool: True at real steps."""
        return real_steps(self.firsts, self.lengths, self.num_steps)

    def moved_to(self, side: Side) -> Sequence:
        """The same with the real steps at ``side``; what lies in the padding goes to the other end as it is."""
        if side == self.side:
            return self
        shift = (self.num_steps - self.lengths) * (1 if side == "start" else -1)
        source = (torch.arange(self.num_steps, device=shift.device) + shift[:, None]) % self.num_steps
        rows = torch.arange(len(source), device=shift.device)[:, None]
        return Sequence(self.steps[rows, source], self.lengths, side)

    def shortened_to(self, side: Side) -> Sequence:
        """The real steps at ``side``, without steps that are padding in every row (:func:`longest`)."""
        moved = self.moved_to(side)
        num = longest(self.lengths, self.num_steps)
        kept = slice(num) if side == "start" else slice(self.num_steps - num, None)
        return moved.with_steps(moved.steps[:, kept])

    def with_steps(self, steps: Tensor) -> Sequence:
        """Other features, (B, T, w'), of the same steps."""
        return replace(self, steps=steps)


def longest(lengths: Tensor, most: int) -> int:
    """The largest of ``lengths`` where they lie on a CPU; elsewhere ``most``, the largest that they may be.

    The host would have to wait for any other device to hear of it.
    """
    return int(lengths.max()) if lengths.is_cpu else most
