"""The compiled passes (``native.c``), where a C compiler built them when the package was installed.

Every function takes contiguous CPU tensors of one kind, float32 or float64, and works in place. Legend and meaning of
the arguments: the headers that ``native.c`` includes.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from dmd.dropout_mask import SEGMENT, DropoutMask, base_words
from dmd.errors import ConfigurationError

VERSION = 6
"""Of what is compiled; the same number stands in ``native.c``. Raised with every change of a function there."""
SHORT = 8
"""Queries up to which the shorter vectors are faster, because most lanes of longer ones would be idle."""
KINDS = {torch.float32: "float32", torch.float64: "float64"}
_EPSILON = 1e-5


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


def is_available() -> bool:
    """Whether the compiled passes can be used in this process."""
    return library() is not None


def serves(x: Tensor) -> bool:
    """Whether they can be used on ``x``."""
    return x.device.type == "cpu" and x.dtype in KINDS and is_available() and not torch.is_autocast_enabled("cpu")


def add_and_norm(
    x: Tensor, addend: Tensor | None, bias: Tensor | None, gain: Tensor, shift: Tensor
) -> tuple[Tensor, Tensor]:
    """``x += addend + bias`` where given, then the layer norm of ``x`` and what its backward pass needs."""
    y, stats = torch.empty_like(x), x.new_empty(*x.shape[:2], 2)
    _call("norm_forward", (x, addend, bias, gain, shift, y, stats), *x.shape, _EPSILON)
    return y, stats


def add(x: Tensor, addend: Tensor, bias: Tensor) -> None:
    """``x += addend + bias``."""
    _call("norm_forward", (x, addend, bias, None, None, None, None), *x.shape, _EPSILON)


def norm_backward(
    dy: Tensor, x: Tensor, stats: Tensor, gain: Tensor, dx: Tensor, dgain: Tensor, dshift: Tensor, dbias: Tensor | None
) -> None:
    """Add to ``dx``, ``dgain``, ``dshift``; then the column sums of ``dx`` to ``dbias``."""
    _call("norm_backward", (dy, x, stats, gain, dx, dgain, dshift, dbias), *x.shape)


def relu(x: Tensor, bias: Tensor) -> None:
    """``x = max(x + bias, 0)``."""
    _call("relu_forward", (x, bias), *x.shape)


def relu_backward(y: Tensor, dx: Tensor, dbias: Tensor) -> None:
    """``dx`` where ``y`` is positive, else 0; its column sums to ``dbias``."""
    _call("relu_backward", (y, dx, dbias), *y.shape)


def column_sums(x: Tensor) -> Tensor:
    """(G, rows, w) -> (G, w)."""
    sums = x.new_zeros(x.shape[0], x.shape[2])
    _call("column_sums", (x, sums), *x.shape)
    return sums


def dropout(x: Tensor, mask: DropoutMask) -> Tensor:
    """``x`` where the mask keeps it, scaled, else 0. The mask has one part."""
    y = torch.empty_like(x)
    _call("dropout", (x, y, base_words(SEGMENT // 4, "cpu")), mask.key, mask.thresholds[0], x.numel())
    return y


@lru_cache(maxsize=1)
def widest() -> int:
    """Numbers in the longest vectors that this processor is offered."""
    loaded = library()
    assert loaded is not None
    return int(loaded.native_lanes())


class HeadShape:
    """What both passes of attention need to know besides the numbers.

    seen: (G, B) int64, keys that may be seen, a prefix. order: a query i sees keys up to i + order; below 0: all.
    lanes: queries that are worked on at a time.
    """

    def __init__(
        self, seen: Tensor, heads: int, width: int, steps: tuple[int, int], order: int, dtype: torch.dtype
    ) -> None:
        self.seen, self.heads, self.order = seen.contiguous(), heads, order
        self.groups, self.batch = seen.shape
        self.head_width, (self.steps_q, self.steps_k) = width // heads, steps
        self.lanes = widest() if dtype == torch.float32 and self.steps_q > SHORT else 8

    @property
    def padded(self) -> tuple[int, int]:
        """Steps rounded up to whole vectors."""
        return -(-self.steps_q // self.lanes) * self.lanes, -(-self.steps_k // self.lanes) * self.lanes

    def arguments(self, dropout: DropoutMask | None, scratch: Tensor) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """What both functions take last: tensors, then numbers."""
        thresholds = _thresholds(dropout.thresholds if dropout else (0,) * self.groups)
        sizes = (self.groups, self.batch, self.heads, self.head_width, self.steps_q, self.steps_k, self.order)
        table = base_words(SEGMENT // 4, "cpu")
        return (self.seen, table, thresholds, scratch), (dropout.key if dropout else 0, *sizes)

    def scratch(self, like: Tensor, per_query: int, per_key: int) -> Tensor:
        """Room for the heads of one sample, in numbers of ``like``, and for the random bytes of one of them."""
        q, k = self.padded
        num_bytes = self.steps_q * self.steps_k + 64
        return like.new_empty(
            self.heads * self.head_width * (per_query * q + per_key * k) + k * self.lanes + num_bytes // 4 + 16
        )


def attention(
    query: Tensor, key_value: Tensor, biases: tuple[Tensor, Tensor], shape: HeadShape, dropout: DropoutMask | None
) -> tuple[Tensor, Tensor]:
    """(G, B * T_q, w), (G, B * T_k, 2 w) -> (G, B * T_q, w), and what the backward pass needs of the softmax."""
    mixed = torch.empty_like(query)
    stats = query.new_empty(shape.groups, shape.batch, shape.heads, 2, shape.padded[0])
    scratch = shape.scratch(query, per_query=2, per_key=2)
    tensors, numbers = shape.arguments(dropout, scratch)
    _call("attention_forward", (query, key_value, *biases, mixed, stats, *tensors), *numbers, lanes=shape.lanes)
    return mixed, stats


def attention_backward(
    query: Tensor,
    key_value: Tensor,
    biases: tuple[Tensor, Tensor],
    mixed: Tensor,
    stats: Tensor,
    dmixed: Tensor,
    shape: HeadShape,
    dropout: DropoutMask | None,
) -> tuple[Tensor, Tensor]:
    """The gradients of ``query`` and ``key_value``."""
    dquery, dkey_value = torch.empty_like(query), torch.empty_like(key_value)
    scratch = shape.scratch(query, per_query=4, per_key=4)
    given = (query, key_value, *biases, mixed, stats, dmixed, dquery, dkey_value)
    tensors, numbers = shape.arguments(dropout, scratch)
    _call("attention_backward", (*given, *tensors), *numbers, lanes=shape.lanes)
    return dquery, dkey_value


@dataclass(frozen=True)
class AdamRates:
    """Of one group of parameters. limit: that gradients are clipped to, either way."""

    learning_rate: float
    betas: tuple[float, float]
    epsilon: float
    weight_decay: float
    limit: float


def adam(parts: array[int], dtype: torch.dtype, rates: AdamRates) -> None:
    """A step of Adam on tensors of one kind.

    parts: (6, num), the addresses of their values, of their gradients, of both moments and of the numbers of steps
    (float32), and their sizes.
    """
    function = _function(f"adam_{KINDS[dtype]}", 1, 1, 6)
    numbers = (rates.learning_rate, *rates.betas, rates.epsilon, rates.weight_decay, rates.limit)
    function(parts.buffer_info()[0], len(parts) // 6, *numbers)


@lru_cache(maxsize=256)
def _thresholds(values: tuple[int, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.int32)


def _call(name: str, tensors: tuple[Tensor | None, ...], *numbers: int | float, lanes: int | None = None) -> None:
    assert tensors[0] is not None
    kind = KINDS[tensors[0].dtype] if lanes is None else f"{KINDS[tensors[0].dtype]}_{lanes}"
    addresses = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    num_real = isinstance(numbers[-1], float)
    function = _function(f"{name}_{kind}", len(tensors), len(numbers) - num_real, num_real)
    function(*addresses, *numbers)


@lru_cache(maxsize=64)
def _function(name: str, num_addresses: int, num_whole: int, num_real: int) -> Callable[..., None]:
    """The function, told how its arguments travel: addresses, then whole numbers, then real ones."""
    loaded = library()
    assert loaded is not None
    function = loaded[name]
    function.restype = None
    function.argtypes = [
        *[ctypes.c_void_p] * num_addresses,
        *[ctypes.c_int64] * num_whole,
        *[ctypes.c_double] * num_real,
    ]
    return function
