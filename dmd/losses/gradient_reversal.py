"""Gradient reversal (Ganin and Lempitsky, ICML 2015): forward nothing, backward the other way."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def reverse_gradient(x: Tensor) -> Tensor:
    """``x`` itself, whose gradient arrives with the opposite sign."""
    same: Tensor = _Reversal.apply(x)  # type: ignore[no-untyped-call]
    return same


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return -gradients[0]
