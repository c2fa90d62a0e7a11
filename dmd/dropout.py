"""Dropout whose masks are a pure function of (trial seed, step, site).

A model is handed a :class:`Dropout` with each batch and names the *site* of every mask it needs. No generator state
exists, so a resumed trial draws the masks it would have drawn, and no trial's result depends on its neighbours.

The bits come from SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) run as a counter-based generator: one 64-bit word
gives eight bytes, a unit is dropped where its byte is below ``round(256 * rate)``, and the survivors are scaled by the
*quantised* keep rate, so the expectation is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from dmd.random_streams import stream_key

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB


class Dropout(Protocol):
    """What a model needs to know of dropout."""

    def __call__(self, x: Tensor, rate: float, site: str) -> Tensor:
        """``x`` with each entry dropped with probability ``rate``; the mask is that of ``site``."""
        ...


def no_dropout(x: Tensor, rate: float, site: str) -> Tensor:
    """The :class:`Dropout` of evaluation: everything is kept."""
    return x


@dataclass(frozen=True)
class SeededDropout:
    """The :class:`Dropout` of one optimiser step of one trial."""

    seed: int
    step: int

    def __call__(self, x: Tensor, rate: float, site: str) -> Tensor:
        threshold = round(256 * rate)
        if threshold == 0:
            return x
        keep = random_bytes(stream_key(self.seed, "dropout", self.step, site), x.numel(), x.device) >= threshold
        return x * (keep.view(x.shape).to(x.dtype) * (256 / (256 - threshold)))


def random_bytes(key: int, count: int, device: torch.device | str = "cpu") -> Tensor:
    """``count`` uniform bytes, uint8, a pure function of ``key`` (the same on every device)."""
    words = torch.arange(1, (count + 7) // 8 + 1, dtype=torch.int64, device=device)
    words = words.mul_(_GOLDEN).add_(key)
    words = _xor_shift(words, 30).mul_(_MIX_1)
    words = _xor_shift(words, 27).mul_(_MIX_2)
    return _xor_shift(words, 31).view(torch.uint8)[:count]


def _xor_shift(words: Tensor, shift: int) -> Tensor:
    """``w ^ (w >>> shift)``; the mask turns the arithmetic shift of signed integers into a logical one."""
    return words ^ ((words >> shift) & ((1 << (64 - shift)) - 1))
