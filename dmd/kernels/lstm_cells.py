"""The recurrence of an LSTM in the compiled library, forward and backward: ``cell_kernels.h``.

Legend: T steps, B batch, h width of the state.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.kernels import native


@dataclass(frozen=True)
class CellStates:
    """What a recurrence leaves.

    Attributes:
        gates: (T, B, 4h), squashed, in the order of the products.
        hidden: (T, B, h), the state after every step.
        cells: (T, B, h), the cells after every step.
        squashed: (T, B, h), their tanh.
    """

    gates: Tensor
    hidden: Tensor
    cells: Tensor
    squashed: Tensor


def forward(products: Tensor, weight: Tensor, torch_order: bool) -> CellStates:
    """The states from zero on.

    Args:
        products: (T, B, 4h), what the inputs add to the gates; contiguous.
        weight: (4h, h), of the state before.
        torch_order: the gates are input, forget, candidate, output; otherwise candidate, input, forget, output.
    """
    width = weight.shape[1]
    hidden, cells, squashed = (products.new_empty(*products.shape[:2], width) for _ in range(3))
    states = CellStates(torch.empty_like(products), hidden, cells, squashed)
    given = (products, weight.t().contiguous(), states.gates, hidden, cells, squashed, products.new_zeros(width))
    _run("cells_forward", given, states, torch_order)
    return states


def backward(
    weight: Tensor, states: CellStates, to_hidden: Tensor | None, to_cells: Tensor | None, torch_order: bool
) -> Tensor:
    """The gradient of the products, (T, B, 4h).

    Args:
        weight, torch_order: as in the forward pass.
        states: what it left.
        to_hidden, to_cells: (T, B, h), contiguous, what arrived; None: nothing.
    """
    to_gates = torch.empty_like(states.gates)
    carried = weight.new_empty(2, *states.hidden.shape[1:])
    nothing = weight.new_zeros(weight.shape[1])
    given = (weight, states.gates, states.cells, states.squashed, to_hidden, to_cells, to_gates, carried, nothing)
    _run("cells_backward", given, states, torch_order)
    return to_gates


def _run(name: str, given: tuple[Tensor | None, ...], states: CellStates, torch_order: bool) -> None:
    dtype = states.hidden.dtype
    addresses = [native.gemm()[dtype], *(0 if x is None else x.data_ptr() for x in given)]
    function = native.function(f"{name}_{native.KINDS[dtype]}", len(addresses), 4)
    function(*addresses, *states.hidden.shape, int(torch_order))
