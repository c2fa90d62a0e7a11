"""Delta-memory attention of MFN (Zadeh et al., AAAI 2018): which changes of which cells matter at each step.

Legend: T steps, B batch, C the cells of all modalities together.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dmd.layers.memory.gated_memory import Perceptron, Units


def with_step_before(states: Tensor) -> Tensor:
    """(T, B, C) -> (T, B, 2C): the states before each step, zero before the first, and those after it."""
    return torch.cat([F.pad(states[:-1], (0, 0, 0, 0, 1, 0)), states], dim=-1)


class DeltaAttention(nn.Module):
    """``softmax(D_a(c)) * c`` with c the cells before and after a step; all steps at once.

    Args:
        cells: C.
        units: of D_a.
    """

    def __init__(self, cells: int, units: Units) -> None:
        super().__init__()
        self.score = Perceptron(2 * cells, units, 2 * cells)

    def forward(self, window: Tensor) -> Tensor:
        """(T, B, 2C), as :func:`with_step_before` makes it -> the same shape."""
        shares: Tensor = self.score(window).softmax(-1)
        return shares * window
