"""The gated memory by hand, and its gradients against numerical differences."""

from __future__ import annotations

import math

import torch
from torch import nn

from dmd.layers.memory.gated_memory import GatedMemory, Units, run_memory


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_two_steps_by_hand() -> None:
    """One number each: the gate on the memory reads the memory alone, the other one what arrives alone."""
    one = Units(1, 0.0)
    memory = GatedMemory(1, 1, one, one, one).double()
    for parameter in memory.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        for network in (memory.candidate, memory.keep, memory.write):
            network.out.weight.fill_(1.0)
        memory.candidate.into.weight.fill_(1.0)
        memory.keep.into.weight.copy_(torch.tensor([[0.0, 1.0]]))
        memory.write.into.weight.copy_(torch.tensor([[1.0, 0.0]]))
    first = sigmoid(0) * 0 + sigmoid(1) * math.tanh(1)
    second = sigmoid(first) * first + sigmoid(2) * math.tanh(2)
    found = memory(torch.tensor([1.0, 2.0], dtype=torch.float64).view(2, 1, 1)).flatten().tolist()
    assert abs(found[0] - first) < 1e-15
    assert abs(found[1] - second) < 1e-15
    assert abs(first - 0.5567699) < 1e-7  # 0.7310586 * 0.7615942


def test_steps_one_after_the_other_give_the_same() -> None:
    torch.manual_seed(0)
    memory = GatedMemory(4, 3, Units(5, 0.0), Units(6, 0.0), Units(2, 0.0)).double()
    x = torch.randn(6, 2, 4, dtype=torch.float64)
    state = torch.zeros(2, 3, dtype=torch.float64)
    for found, step in zip(memory(x), x, strict=True):
        both = torch.cat([step, state], dim=-1)
        state = memory.keep(both).sigmoid() * state + memory.write(both).sigmoid() * memory.candidate(step).tanh()
        torch.testing.assert_close(found, state, rtol=0, atol=1e-14)


def test_gradients_are_those_of_numerical_differences() -> None:
    torch.manual_seed(1)
    shapes = [(4, 2, 5), (4, 2, 5), (4, 2, 3), (5, 3), (3, 2), (3,), (3, 3), (3,)]
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    given[1] = (torch.rand(shapes[1]) < 0.7).double() / 0.7
    assert torch.autograd.gradcheck(run_memory, given)


def test_dropout_drops_units_of_the_gates() -> None:
    torch.manual_seed(2)
    memory = GatedMemory(4, 3, Units(5, 0.0), Units(6, 0.9), Units(6, 0.0))
    x = torch.randn(6, 2, 4)
    assert not torch.equal(memory(x), memory(x))
    memory.eval()
    assert torch.equal(memory(x), memory(x))
