"""The multi-view gated memory of MFN (Zadeh et al., AAAI 2018, section "Multi-view Gated Memory").

Legend: T steps, B batch, w width of what is remembered from, M width of the memory, H units of the two gates together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from dmd.precision import in_float32


@dataclass(frozen=True)
class Units:
    """The hidden layer of a small network.

    Attributes:
        width: units.
        dropout: on them.
    """

    width: int
    dropout: float


class Perceptron(nn.Module):
    """Linear, ReLU, dropout, linear."""

    def __init__(self, width_in: int, units: Units, width_out: int) -> None:
        super().__init__()
        self.into = nn.Linear(width_in, units.width)
        self.dropout = nn.Dropout(units.dropout)
        self.out = nn.Linear(units.width, width_out)

    def forward(self, x: Tensor) -> Tensor:
        """(..., w_in) -> (..., w_out)."""
        answer: Tensor = self.out(self.dropout(torch.relu(self.into(x))))
        return answer


class GatedMemory(nn.Module):
    """``u_t = g1 * u_(t-1) + g2 * tanh(D_u(x_t))`` with gates ``g = sigmoid(D_g([x_t, u_(t-1)]))``, from ``u_0 = 0``.

    Args:
        width: w.
        memory: M.
        candidate: units of D_u.
        keep: units of the gate on the memory, g1.
        write: units of the gate on the candidate, g2.
    """

    def __init__(self, width: int, memory: int, candidate: Units, keep: Units, write: Units) -> None:
        super().__init__()
        self.width = width
        self.candidate = Perceptron(width, candidate, memory)
        self.keep = Perceptron(width + memory, keep, memory)
        self.write = Perceptron(width + memory, write, memory)

    def forward(self, x: Tensor) -> Tensor:
        """(T, B, w) -> the memory after every step, (T, B, M)."""
        candidates = torch.tanh(self.candidate(x))
        gates = (self.keep, self.write)
        into = torch.cat([gate.into.weight for gate in gates])
        bias = torch.cat([gate.into.bias for gate in gates])
        products = F.linear(x, into[:, : self.width], bias)
        kept = torch.cat([gate.dropout(products.new_ones(*x.shape[:2], gate.out.in_features)) for gate in gates], -1)
        outs = [parameter for gate in gates for parameter in (gate.out.weight, gate.out.bias)]
        return run_memory(products, kept, candidates, into[:, self.width :], *outs)


@in_float32
def run_memory(
    products: Tensor,
    kept: Tensor,
    candidates: Tensor,
    weight: Tensor,
    keep_weight: Tensor,
    keep_bias: Tensor,
    write_weight: Tensor,
    write_bias: Tensor,
) -> Tensor:
    """The recurrence alone.

    Args:
        products: (T, B, H), what x adds to the units of both gates, their bias included.
        kept: (T, B, H), 0 at units that are dropped, the scale of dropout at the others.
        candidates: (T, B, M).
        weight: (H, M), from the memory to the units.
        keep_weight, keep_bias: of the gate on the memory, (M, H1) and (M,).
        write_weight, write_bias: of the gate on the candidate, (M, H2) and (M,), with H1 + H2 = H.

    Returns:
        (T, B, M).
    """
    given = (products, kept, candidates, weight, keep_weight, keep_bias, write_weight, write_bias)
    memory: Tensor = _Memory.apply(*given)  # type: ignore[no-untyped-call]
    return memory


class _Memory(torch.autograd.Function):
    """:func:`run_memory` with a backward pass whose products for the weights are of all steps at once."""

    @staticmethod
    def forward(ctx: Any, products: Tensor, kept: Tensor, candidates: Tensor, *parameters: Tensor) -> Tensor:
        weight, keep_weight, keep_bias, write_weight, write_bias = parameters
        num_steps, batch, width = candidates.shape
        units = torch.empty_like(products)
        gates = candidates.new_empty(num_steps, 2, batch, width)
        memory = candidates.new_zeros(num_steps + 1, batch, width)
        turned, keep_turned, write_turned = weight.t(), keep_weight.t(), write_weight.t()
        split = keep_weight.shape[1]
        for t in range(num_steps):
            torch.addmm(products[t], memory[t], turned, out=units[t]).relu_().mul_(kept[t])
            torch.addmm(keep_bias, units[t, :, :split], keep_turned, out=gates[t, 0])
            torch.addmm(write_bias, units[t, :, split:], write_turned, out=gates[t, 1])
            gates[t].sigmoid_()
            torch.mul(gates[t, 0], memory[t], out=memory[t + 1]).addcmul_(gates[t, 1], candidates[t])
        ctx.save_for_backward(kept, candidates, weight, keep_weight, write_weight, units, gates, memory)
        return memory[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_memory: Tensor) -> tuple[Tensor | None, ...]:
        kept, candidates, weight, keep_weight, write_weight, units, gates, memory = ctx.saved_tensors
        split = keep_weight.shape[1]
        through = gates * (1 - gates) * torch.stack([memory[:-1], candidates], dim=1)
        active = kept * (units > 0)
        to_units, to_gates = torch.empty_like(units), torch.empty_like(gates)
        arrived = torch.empty_like(candidates)
        carried = torch.zeros_like(memory[0])
        for t in range(len(gates) - 1, -1, -1):
            here = torch.add(to_memory[t], carried, out=arrived[t])
            torch.mul(here, through[t], out=to_gates[t])
            to_keep, to_write = to_gates[t, 0] @ keep_weight, to_gates[t, 1] @ write_weight
            torch.mul(torch.cat([to_keep, to_write], dim=1), active[t], out=to_units[t])
            carried = torch.addmm(here * gates[t, 0], to_units[t], weight)
        before, flat = memory[:-1].flatten(0, 1), units.flatten(0, 1)
        of_keep, of_write = to_gates[:, 0].flatten(0, 1).t(), to_gates[:, 1].flatten(0, 1).t()
        return (
            to_units,
            None,
            arrived * gates[:, 1],
            to_units.flatten(0, 1).t() @ before,
            of_keep @ flat[:, :split],
            of_keep.sum(1),
            of_write @ flat[:, split:],
            of_write.sum(1),
        )
