"""The compiled recurrence is PyTorch's LSTM, in value and in gradient, in both orders of the gates."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import nn

from dmd.kernels import native
from dmd.kernels.lstm import native_cells, run_lstm
from dmd.layers.memory.stepped_lstm import SteppedLSTM
from dmd.layers.recurrent import RecurrentEncoder
from dmd.layers.sequence import Sequence

pytestmark = pytest.mark.skipif(not native.is_available(), reason="no compiled passes")


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 5e-6)])
@pytest.mark.parametrize(("batch", "steps", "width"), [(1, 1, 1), (5, 9, 12), (17, 3, 40)])
def test_states_and_gradients_are_those_of_pytorch(
    dtype: torch.dtype, tolerance: float, batch: int, steps: int, width: int
) -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(7, width, 2, batch_first=True).to(dtype)
    x = 3 * torch.randn(batch, steps, 7, dtype=dtype)
    weights = torch.randn(batch, steps, width, dtype=dtype)
    found = []
    for run in (lambda given: lstm(given)[0], lambda given: run_lstm(lstm, given)):
        given = x.clone().requires_grad_(True)
        states = run(given)
        found.append([states.detach(), *torch.autograd.grad((states * weights).sum(), [given, *lstm.parameters()])])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance * 10, atol=tolerance * steps * batch)


def test_gradients_that_arrive_at_the_cells_are_those_of_numerical_differences() -> None:
    torch.manual_seed(1)
    products = torch.randn(4, 3, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    for order in (False, True):
        assert torch.autograd.gradcheck(partial(native_cells, torch_order=order), (products, weight))


def test_large_sums_saturate_and_what_is_no_number_stays_none() -> None:
    """tanh(1) = 0.76159416: candidate, input and output gate wide open, nothing kept."""
    sums = torch.tensor([1e4, 1e4, -1e4, 1e4]).reshape(1, 1, 4)
    hidden, cells = native_cells(sums, torch.zeros(4, 1), torch_order=False)
    assert (cells.item(), hidden.item()) == pytest.approx((1.0, math.tanh(1.0)))
    for gate in range(4):
        broken = sums.clone()
        broken[0, 0, gate] = math.nan
        assert native_cells(broken, torch.zeros(4, 1), torch_order=False)[0].isnan().all()


def test_encoders_say_the_same_with_the_library_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the library and without it an encoder says the same of sequences of different lengths."""
    torch.manual_seed(2)
    encoder = RecurrentEncoder(6, 5, num_layers=2)
    x = Sequence(torch.randn(3, 8, 6), torch.tensor([8, 2, 5]), "end")
    with_library = encoder(x)
    stepped = SteppedLSTM(6, 5)
    states = stepped(x.steps.transpose(0, 1))
    monkeypatch.setattr(native, "is_available", lambda: False)
    torch.testing.assert_close(with_library, encoder(x), rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(states, stepped(x.steps.transpose(0, 1)), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
