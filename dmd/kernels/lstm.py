"""The recurrence of an LSTM as one node of the graph, where the compiled passes serve.

``torch.nn.LSTM`` on a CPU computes the gradient of its input whether or not anyone asks for it: of wide features a
third of a training step. Here the product with the input is one of its own, whose gradients are as any other's.

Legend: T steps, B batch, h width of the state.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from dmd.kernels import lstm_cells


def native_cells(products: Tensor, weight: Tensor, *, torch_order: bool) -> tuple[Tensor, Tensor]:
    """Hidden states and cell states after every step, (T, B, h) each.

    Args:
        products: (T, B, 4h), what the inputs add to the gates.
        weight: (4h, h), of the state before.
        torch_order: the gates are input, forget, candidate, output; otherwise candidate, input, forget, output.
    """
    states: tuple[Tensor, Tensor] = _NativeCells.apply(  # type: ignore[no-untyped-call]
        products.contiguous(), weight.contiguous(), torch_order
    )
    return states


def run_lstm(lstm: nn.LSTM, steps: Tensor) -> Tensor:
    """What ``lstm``, one-directional and batch first, makes of (B, T, width): the upper layer's states, (B, T, h)."""
    states = steps.transpose(0, 1)
    for layer in range(lstm.num_layers):
        if layer and lstm.dropout and lstm.training:
            states = F.dropout(states, lstm.dropout)
        into, again, into_bias, again_bias = lstm.all_weights[layer]
        products = F.linear(states, into, into_bias + again_bias)
        states, _ = native_cells(products, again, torch_order=True)
    return states.transpose(0, 1)


class _NativeCells(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, products: Tensor, weight: Tensor, torch_order: bool) -> tuple[Tensor, Tensor]:
        states = lstm_cells.forward(products, weight, torch_order)
        ctx.save_for_backward(weight, states.gates, states.hidden, states.cells, states.squashed)
        ctx.torch_order = torch_order
        ctx.set_materialize_grads(False)
        return states.hidden, states.cells

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_hidden: Tensor | None, to_cells: Tensor | None) -> tuple[Tensor | None, ...]:
        if to_hidden is None and to_cells is None:
            return None, None, None
        weight, *kept = ctx.saved_tensors
        states = lstm_cells.CellStates(*kept)
        to_gates = lstm_cells.backward(weight, states, _contiguous(to_hidden), _contiguous(to_cells), ctx.torch_order)
        to_weight = to_gates[1:].flatten(0, 1).t() @ states.hidden[:-1].flatten(0, 1)
        return to_gates, to_weight, None


def _contiguous(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.contiguous()
