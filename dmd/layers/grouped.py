"""The same layer of several branches, computed side by side: one product for all of them instead of one for each.

Legend: G branches, N rows, w widths. A parameter has the branch as its first axis; ``branches`` names them, so that
each starts from the stream of its own name (:mod:`dmd.layers.initialise`). ``run`` picks neighbouring branches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Run = slice | None
"""Neighbouring branches; None: all of them, which costs no indexing."""


def of_run(parameter: Tensor, run: Run) -> Tensor:
    """The part of a parameter that belongs to the branches of ``run``."""
    return parameter if run is None else parameter[run]


class GroupedLinear(nn.Module):
    """A linear layer of its own for every branch.

    fan_out: the outputs that the initial values are scaled by, where the layer is a part of a larger one.
    """

    def __init__(self, branches: tuple[str, ...], width_in: int, width_out: int, fan_out: int | None = None) -> None:
        super().__init__()
        self.branches = branches
        self.fan_out = width_out if fan_out is None else fan_out
        self.weight = nn.Parameter(torch.empty(len(branches), width_out, width_in))
        self.bias = nn.Parameter(torch.zeros(len(branches), width_out))

    def forward(self, x: Tensor, run: Run = None) -> Tensor:
        """(G, N, w_in) -> (G, N, w_out)."""
        return torch.baddbmm(of_run(self.bias, run).unsqueeze(1), x, of_run(self.weight, run).transpose(1, 2))

    def columns(self, x: Tensor, run: Run = None) -> Tensor:
        """(G, N, w_in) -> (G, w_out, N): the outputs feature-major."""
        return torch.baddbmm(of_run(self.bias, run).unsqueeze(2), of_run(self.weight, run), x.transpose(1, 2))


class GroupedNorm(nn.Module):
    """Layer normalisation with an affine map of its own for every branch."""

    def __init__(self, branches: tuple[str, ...], width: int) -> None:
        super().__init__()
        self.branches = branches
        self.weight = nn.Parameter(torch.ones(len(branches), width))
        self.bias = nn.Parameter(torch.zeros(len(branches), width))

    def forward(self, x: Tensor, run: Run = None) -> Tensor:
        """(G, N, w) -> the same shape."""
        normed = F.layer_norm(x, x.shape[-1:])
        return torch.addcmul(of_run(self.bias, run).unsqueeze(1), normed, of_run(self.weight, run).unsqueeze(1))
