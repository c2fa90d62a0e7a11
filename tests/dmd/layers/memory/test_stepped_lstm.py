"""The LSTM whose cell states can be read is PyTorch's LSTM, in value and in gradient."""

from __future__ import annotations

import torch
from torch import nn

from dmd.layers.memory.stepped_lstm import SteppedLSTM, run_cells


def reordered(parameter: torch.Tensor) -> torch.Tensor:
    """PyTorch's input, forget, candidate and output gate in the order candidate, input, forget, output."""
    into, keep, candidate, out = parameter.chunk(4)
    return torch.cat([candidate, into, keep, out])


def test_states_after_every_step_are_those_of_pytorch_cells() -> None:
    torch.manual_seed(0)
    reference = nn.LSTMCell(3, 5).double()
    lstm = SteppedLSTM(3, 5).double()
    pairs = [(lstm.into, "ih"), (lstm.again, "hh")]
    with torch.no_grad():
        for layer, name in pairs:
            layer.weight.copy_(reordered(getattr(reference, f"weight_{name}")))
            layer.bias.copy_(reordered(getattr(reference, f"bias_{name}")))
    x = torch.randn(7, 4, 3, dtype=torch.float64)
    hidden, cells = lstm(x)
    state = (torch.zeros(4, 5, dtype=torch.float64), torch.zeros(4, 5, dtype=torch.float64))
    for t in range(7):
        state = reference(x[t], state)
        torch.testing.assert_close(hidden[t], state[0], rtol=0, atol=1e-14)
        torch.testing.assert_close(cells[t], state[1], rtol=0, atol=1e-14)


def test_gradients_are_those_of_numerical_differences() -> None:
    torch.manual_seed(1)
    products = torch.randn(4, 3, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run_cells, (products, weight))


def test_parameters_are_as_many_as_those_of_pytorch() -> None:
    ours, theirs = SteppedLSTM(6, 5), nn.LSTM(6, 5)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
