"""Dropout whose masks are a pure function of (trial seed, step, site).

A model is handed a :class:`Dropout` with each batch and names the *site* of every mask it needs. No generator state
exists, so a resumed trial draws the masks it would have drawn, and no trial's result depends on its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from dmd.dropout_mask import DropoutMask
from dmd.kernels import native
from dmd.random_streams import stream_key


class Dropout(Protocol):
    """What a model needs to know of dropout."""

    def __call__(self, x: Tensor, rate: float, site: str) -> Tensor:
        """``x`` with each entry dropped with probability ``rate``; the mask is that of ``site``."""
        ...

    def key(self, site: str) -> int | None:
        """The key of whatever else is drawn at ``site`` in this step; None outside training."""
        ...

    def mask(self, rates: tuple[float, ...], site: str) -> DropoutMask | None:
        """The mask of ``site``, a rate for each of its parts, for who applies it himself; None: nothing is dropped."""
        ...


@dataclass(frozen=True)
class NoDropout:
    """The :class:`Dropout` of evaluation: everything is kept."""

    def __call__(self, x: Tensor, rate: float, site: str) -> Tensor:
        return x

    def key(self, site: str) -> int | None:
        return None

    def mask(self, rates: tuple[float, ...], site: str) -> DropoutMask | None:
        return None


no_dropout = NoDropout()


@dataclass(frozen=True)
class SeededDropout:
    """The :class:`Dropout` of one optimiser step of one trial."""

    seed: int
    step: int

    def __call__(self, x: Tensor, rate: float, site: str) -> Tensor:
        mask = self.mask((rate,), site)
        if mask is None:
            return x
        if native.serves(x):
            dropped: Tensor = _CompiledDropout.apply(x, mask)  # type: ignore[no-untyped-call]
            return dropped
        return x * mask.keep(x.numel(), x.device).view(x.shape).to(x.dtype).mul_(mask.scales[0])

    def key(self, site: str) -> int:
        return stream_key(self.seed, "noise", self.step, site)

    def mask(self, rates: tuple[float, ...], site: str) -> DropoutMask | None:
        thresholds = tuple(round(256 * rate) for rate in rates)
        return DropoutMask(stream_key(self.seed, "dropout", self.step, site), thresholds) if any(thresholds) else None


class _CompiledDropout(torch.autograd.Function):
    """One pass forward and one backward, which draws the mask again instead of keeping it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: DropoutMask) -> Tensor:
        ctx.mask = mask
        return native.dropout(x.contiguous(), mask)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return native.dropout(gradients[0].contiguous(), ctx.mask), None


def dropout_of(module: nn.Module) -> Dropout:
    """The :class:`Dropout` of a plain module's forward pass, from PyTorch's generator, which the loop has seeded."""
    return SeededDropout(int(torch.randint(2**62, ())), 0) if module.training else no_dropout
