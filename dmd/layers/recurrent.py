"""Recurrent encoders that end at the last real step."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from dmd.kernels import native
from dmd.kernels.lstm import run_lstm
from dmd.layers.sequence import Sequence

Cell = Literal["lstm", "gru"]


class RecurrentEncoder(nn.Module):
    """An LSTM or a GRU over the real steps of a sequence.

    What stands behind the last real step never reaches the states before it, so nothing is packed: the sequence is
    moved to its start, cut after the longest of the batch, and read at the last real step of each.

    Args:
        width: of the features.
        hidden: of the state.
        num_layers: one upon the other.
        dropout: between layers.
        cell: ``lstm`` or ``gru``.
    """

    def __init__(self, width: int, hidden: int, num_layers: int = 1, dropout: float = 0.0, cell: Cell = "lstm") -> None:
        super().__init__()
        kind = nn.LSTM if cell == "lstm" else nn.GRU
        between = dropout if num_layers > 1 else 0.0
        self.cells = kind(width, hidden, num_layers, batch_first=True, dropout=between)

    def forward(self, x: Sequence) -> Tensor:
        """(B, T, width) -> (B, hidden), the upper layer's state after the last real step."""
        states = self.states(x)
        return states.steps[torch.arange(len(states.steps), device=states.steps.device), states.lasts]

    def states(self, x: Sequence) -> Sequence:
        """The upper layer's state after every step, (B, longest, hidden), real steps first."""
        moved = x.shortened_to("start")
        return moved.with_steps(run_over(self.cells, moved.steps))


class BidirectionalEncoder(nn.Module):
    """An LSTM over the real steps in their order and one over them in reverse, which begins at the last real step.

    Args:
        width: of the features.
        hidden: of either state.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.onward = nn.LSTM(width, hidden, batch_first=True)
        self.back = nn.LSTM(width, hidden, batch_first=True)

    def forward(self, x: Sequence) -> tuple[Sequence, Tensor]:
        """(B, T, width) -> both states of every step, (B, longest, 2 hidden), and their last ones, (B, 2 hidden)."""
        moved = x.shortened_to("start")
        onward, back = run_over(self.onward, moved.steps), run_over(self.back, _reversed(moved).steps)
        rows = torch.arange(len(onward), device=onward.device)
        lasts = torch.cat([onward[rows, moved.lasts], back[rows, moved.lasts]], dim=-1)
        turned = _reversed(moved.with_steps(back)).steps
        return moved.with_steps(torch.cat([onward, turned], dim=-1)), lasts


def run_over(cells: nn.LSTM | nn.GRU, steps: Tensor) -> Tensor:
    """The upper layer's state after every step, (B, T, hidden)."""
    if isinstance(cells, nn.LSTM) and native.serves(steps):
        return run_lstm(cells, steps)
    states: Tensor = cells(steps)[0]
    return states


def _reversed(x: Sequence) -> Sequence:
    """The real steps, which come first, in reverse; what stands behind them, somewhere behind them."""
    source = (x.lengths[:, None] - 1 - torch.arange(x.num_steps, device=x.steps.device)) % x.num_steps
    return x.with_steps(x.steps.gather(1, source.unsqueeze(-1).expand_as(x.steps)))
