"""Consistency and disparity of parts, by hand."""

from __future__ import annotations

import math

import torch

from dmd.losses.similarity import gram_distance, independence


def test_consistency_of_two_rows_by_hand() -> None:
    """Cosines between the rows: 0 in one, 0.6 in the other; the diagonals agree, so 2 x 0.36 of 4 entries."""
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    y = torch.tensor([[5.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    assert abs(gram_distance(x, y).item() - 2 * 0.36 / 4) < 1e-15
    assert gram_distance(x, 3 * x).item() == 0


def test_disparity_of_two_rows_by_hand() -> None:
    """Unit vectors (1, 0) and (0, 1), so centred +-(1/2, -1/2): the covariance's entries are +-1/2, squared 4 x 1/4."""
    x = torch.tensor([[2.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
    assert abs(independence(x, x).item() - 1.0) < 1e-15


def test_disparity_is_the_trace_of_the_centred_kernels() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    unit = [part / part.norm(dim=1, keepdim=True) for part in (x, y)]
    k, l = (part @ part.t() for part in unit)  # noqa: E741 (as the paper calls them)
    h = torch.eye(5, dtype=torch.float64) - 1 / 5
    assert math.isclose(independence(x, y).item(), (torch.trace(k @ h @ l @ h) / 16).item(), rel_tol=1e-12)


def test_one_row_depends_on_nothing() -> None:
    assert independence(torch.randn(1, 3), torch.randn(1, 3)).item() == 0
