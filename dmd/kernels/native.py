"""The compiled passes (``native.c``), where a C compiler built them when the package was installed.

Every function takes contiguous CPU tensors of one kind, float32 or float64, and works in place. Legend and meaning of
the arguments: the headers that ``native.c`` includes.
"""

from __future__ import annotations

import ctypes
import sys
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from dmd.dropout_mask import SEGMENT, DropoutMask, base_words
from dmd.errors import ConfigurationError

VERSION = 13
"""Of what is compiled; the same number stands in ``native.c``. Raised with every change of a function there."""
KINDS = {torch.float32: "float32", torch.float64: "float64"}


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled library, or None where the package was installed without a compiler.

    Raises ConfigurationError where one is there, but of another version of the source.
    """
    return load(Path(__file__).parent)


def load(directory: Path) -> ctypes.CDLL | None:
    """:func:`library`, looked for in ``directory``."""
    stale = None
    for path in sorted(directory.glob("_native*")):
        try:
            loaded = ctypes.CDLL(str(path))
        except OSError:
            continue
        if getattr(loaded, "native_version", int)() == VERSION:
            return loaded
        stale = path
    if stale is not None:
        raise ConfigurationError(
            f"{stale} was compiled from another version of dmd/kernels; compile it again with `make install` or "
            "`pip install --no-deps -e .`, or delete it to compute without it, slower"
        )
    return None


@lru_cache(maxsize=1)
def gemm() -> Mapping[torch.dtype, int]:
    """The addresses of the matrix product in the BLAS that torch brings; nothing where torch hides it."""
    blas = ctypes.CDLL(torch._C.__file__)
    names = {torch.float32: "sgemm_", torch.float64: "dgemm_"}
    if sys.byteorder != "little" or not all(hasattr(blas, name) for name in names.values()):
        return {}
    return {dtype: ctypes.cast(blas[name], ctypes.c_void_p).value or 0 for dtype, name in names.items()}


def is_available() -> bool:
    """Whether the compiled passes can be used in this process."""
    return library() is not None and bool(gemm())


def serves(x: Tensor) -> bool:
    """Whether they can be used on ``x``."""
    return x.device.type == "cpu" and x.dtype in KINDS and is_available() and not torch.is_autocast_enabled("cpu")


def dropout(x: Tensor, mask: DropoutMask) -> Tensor:
    """``x`` where the mask keeps it, scaled, else 0. The mask has one part."""
    y = torch.empty_like(x)
    addresses = (x.data_ptr(), y.data_ptr(), base_words(SEGMENT // 4, "cpu").data_ptr())
    function(f"dropout_{KINDS[x.dtype]}", 3, 3)(*addresses, mask.key, mask.thresholds[0], x.numel())
    return y


@dataclass(frozen=True)
class AdamRates:
    """Adam's numbers for one group of parameters.

    Attributes:
        learning_rate: of this step.
        betas: decay of the two moments.
        epsilon: added to the denominator.
        weight_decay: L2 penalty.
        limit: that each entry of a gradient is clipped to, either way.
    """

    learning_rate: float
    betas: tuple[float, float]
    epsilon: float
    weight_decay: float
    limit: float


def adam(parts: array[int], dtype: torch.dtype, rates: AdamRates) -> None:
    """A step of Adam, in place, on tensors of one kind.

    Args:
        parts: (6, num), row after row: the addresses of their values, of their gradients, of both moments and of the
            numbers of steps (float32), and their sizes.
        dtype: of the tensors.
        rates: Adam's numbers for this step.
    """
    numbers = (rates.learning_rate, *rates.betas, rates.epsilon, rates.weight_decay, rates.limit)
    function(f"adam_{KINDS[dtype]}", 1, 1, 6)(parts.buffer_info()[0], len(parts) // 6, *numbers)


@lru_cache(maxsize=64)
def function(name: str, num_addresses: int, num_whole: int = 0, num_real: int = 0) -> Callable[..., None]:
    """A function of the compiled library, with the types of its arguments set.

    Args:
        name: as in ``native.c``.
        num_addresses: how many arguments are addresses; they come first.
        num_whole: how many whole numbers follow them.
        num_real: how many real numbers come last.
    """
    loaded = library()
    assert loaded is not None
    found = loaded[name]
    found.restype = None
    found.argtypes = [
        *[ctypes.c_void_p] * num_addresses,
        *[ctypes.c_int64] * num_whole,
        *[ctypes.c_double] * num_real,
    ]
    return found
