"""An LSTM that gives the state of its cells after every step, which :class:`torch.nn.LSTM` keeps to itself.

Legend: T steps, B batch, h width of the state.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from dmd.kernels import native
from dmd.kernels.lstm import native_cells
from dmd.precision import in_float32


class SteppedLSTM(nn.Module):
    """One LSTM layer from zero (Hochreiter and Schmidhuber 1997), with PyTorch's parameters and initial values.

    Args:
        width: of the input.
        hidden: h.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.into = nn.Linear(width, 4 * hidden)
        self.again = nn.Linear(hidden, 4 * hidden)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(hidden**-0.5), hidden**-0.5)

    def forward(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """(T, B, width) -> hidden states and cell states, (T, B, h) each, after every step."""
        return run_cells(F.linear(steps, self.into.weight, self.into.bias + self.again.bias), self.again.weight)


@in_float32
def run_cells(products: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The recurrence alone.

    Args:
        products: (T, B, 4h), what the inputs add to candidate, input gate, forget gate and output gate.
        weight: (4h, h), of the state before, in the same order.

    Returns:
        Hidden states and cell states, (T, B, h) each.
    """
    if native.serves(products):
        return native_cells(products, weight, torch_order=False)
    hidden, cells = _Recurrence.apply(products, weight)  # type: ignore[no-untyped-call]
    return hidden, cells


class _Recurrence(torch.autograd.Function):
    """:func:`run_cells` with the products of its backward pass gathered: the weight's gradient is one of all steps."""

    @staticmethod
    def forward(ctx: Any, products: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        num_steps, batch, width = products.shape[0], products.shape[1], weight.shape[1]
        gates = torch.empty_like(products)
        hidden, cells = (products.new_zeros(num_steps + 1, batch, width) for _ in range(2))
        squashed = products.new_empty(num_steps, batch, width)
        turned = weight.t()
        for t in range(num_steps):
            gate = torch.addmm(products[t], hidden[t], turned, out=gates[t])
            gate[:, :width].tanh_()
            gate[:, width:].sigmoid_()
            candidate, into, keep, out = gate.chunk(4, dim=1)
            torch.mul(candidate, into, out=cells[t + 1]).addcmul_(keep, cells[t])
            torch.tanh(cells[t + 1], out=squashed[t])
            torch.mul(out, squashed[t], out=hidden[t + 1])
        ctx.save_for_backward(weight, gates, hidden, cells, squashed)
        return hidden[1:], cells[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_hidden: Tensor, to_cells: Tensor) -> tuple[Tensor, Tensor]:
        weight, gates, hidden, cells, squashed = ctx.saved_tensors
        width = weight.shape[1]
        candidate, into, keep, out = gates.chunk(4, dim=2)
        through_cell = torch.stack(
            [into * (1 - candidate**2), candidate * into * (1 - into), cells[:-1] * keep * (1 - keep)], dim=2
        )
        through_out, from_hidden = squashed * out * (1 - out), out * (1 - squashed**2)
        to_gates = torch.empty_like(gates)
        parts = to_gates.view(*gates.shape[:2], 4, width)
        d_hidden, d_cell = torch.zeros_like(hidden[0]), torch.zeros_like(hidden[0])
        for t in range(len(gates) - 1, -1, -1):
            d_hidden = to_hidden[t] + d_hidden
            d_cell = (to_cells[t] + d_cell).addcmul_(d_hidden, from_hidden[t])
            torch.mul(d_cell.unsqueeze(1), through_cell[t], out=parts[t, :, :3])
            torch.mul(d_hidden, through_out[t], out=parts[t, :, 3])
            d_hidden = to_gates[t] @ weight
            d_cell = d_cell * keep[t]
        return to_gates, to_gates.flatten(0, 1).t() @ hidden[:-1].flatten(0, 1)
