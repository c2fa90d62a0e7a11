"""Dropout of tensors so large that drawing their mask is a good part of a step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dmd.dropout import SeededDropout

_NUM_KEYS = 1 << 62


class LargeDropout(nn.Dropout):
    """What :class:`torch.nn.Dropout` does, at a byte per entry: one draw from PyTorch's generator is the mask's key.

    The rate counts to the nearest 256th.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        if not self.training or self.p == 0:
            return input
        return SeededDropout(int(torch.randint(_NUM_KEYS, ())), 0)(input, self.p, "large")
