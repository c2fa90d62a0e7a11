"""The numbers that a model computes in.

``fp32``: float32 throughout. ``tf32``: float32, whose matrix products may round their inputs to TF32 where the device
can (from NVIDIA's Ampere on); elsewhere it is ``fp32``. ``bf16``: matrix products and convolutions in bfloat16 by
autocast; parameters, optimiser, heads and losses stay float32. It decides results, so it is a setting like any other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, ParamSpec, TypeVar

import torch
from torch import Tensor

Precision = Literal["fp32", "tf32", "bf16"]

_DEVICE_TYPES = ("cpu", "cuda")

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def float32_products(precision: Precision) -> Iterator[None]:
    """What float32 products may be rounded to, in the whole process while this lasts and not a moment longer."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def forward_pass(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """The context of a forward pass on ``device``. The backward pass stays outside: it follows what the forward did."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def in_float32(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` computed in float32 also where the rest is not: its tensor arguments are raised, autocast is off.

    For losses and heads: a mean over a batch or a margin between cosines does not fit into 8 bits of mantissa.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        for device_type in _DEVICE_TYPES:
            if torch.is_autocast_enabled(device_type):
                with torch.autocast(device_type, enabled=False):
                    raised: Any = {name: _raise(value) for name, value in kwargs.items()}
                    return function(*map(_raise, args), **raised)  # type: ignore[arg-type]
        return function(*args, **kwargs)

    return wrapped


def _raise(value: object) -> object:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value
