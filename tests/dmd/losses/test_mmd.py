"""The discrepancy between two samples, by hand."""

from __future__ import annotations

import math

import torch

from dmd.losses.mmd import squared_mmd


def test_two_points_by_hand() -> None:
    """Points 0, 1 and 0, 2 on a line: (1 - 1/e) / 2, all exponentials of 4 cancel."""
    x, y = (torch.tensor([[0.0], [far]], dtype=torch.float64) for far in (1.0, 2.0))
    assert abs(squared_mmd(x, y).item() - (1 - math.exp(-1)) / 2) < 1e-15


def test_the_kernel_takes_the_mean_over_entries_and_divides_by_their_number() -> None:
    """One point each at a distance of (2, 2): the mean of the squares is 4, by two entries 2."""
    x, y = torch.zeros(1, 2, dtype=torch.float64), torch.full((1, 2), 2.0, dtype=torch.float64)
    assert abs(squared_mmd(x, y).item() - (2 - 2 * math.exp(-2))) < 1e-15


def test_equal_samples_have_none() -> None:
    x = torch.randn(5, 3, dtype=torch.float64)
    assert abs(squared_mmd(x, x.flip(0)).item()) < 1e-15


def test_gradients_are_those_of_numerical_differences() -> None:
    torch.manual_seed(0)
    given = [torch.randn(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(squared_mmd, given)
