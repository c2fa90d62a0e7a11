"""How far apart two sets of vectors are: as distributions (CMD), and as subspaces (MISA's difference loss).

Both compare rows with each other, so they are computed on the rows of the whole batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dmd.precision import in_float32

_NUM_MOMENTS = 5
_LEAST_NORM = 1e-6


@in_float32
def central_moment_discrepancy(first: Tensor, second: Tensor, num_moments: int = _NUM_MOMENTS) -> Tensor:
    """The distance of the means plus those of the central moments of order 2 to ``num_moments``; (B, w) each -> ().

    Zellinger et al., "Central Moment Discrepancy (CMD) for Domain-Invariant Representation Learning", ICLR 2017, for
    values in an interval of length 1.
    """
    means = first.mean(0), second.mean(0)
    distances = [torch.linalg.vector_norm(means[0] - means[1])]
    centred = first - means[0], second - means[1]
    powers = centred
    for _ in range(2, num_moments + 1):
        powers = powers[0] * centred[0], powers[1] * centred[1]
        distances.append(torch.linalg.vector_norm(powers[0].mean(0) - powers[1].mean(0)))
    return torch.stack(distances).sum()


@in_float32
def squared_correlation(first: Tensor, second: Tensor) -> Tensor:
    """The mean squared entry of the product of two sets of vectors, (B, w) each -> (): 0 where they are orthogonal.

    Salzmann et al., AISTATS 2010, as MISA (section 3.4) has it: features centred over the batch, rows of length 1.
    """
    return (_unit_rows(first).t() @ _unit_rows(second)).square().mean()


def _unit_rows(x: Tensor) -> Tensor:
    centred = x - x.mean(0)
    rows: Tensor = centred / (torch.linalg.vector_norm(centred, dim=1, keepdim=True) + _LEAST_NORM)
    return rows
