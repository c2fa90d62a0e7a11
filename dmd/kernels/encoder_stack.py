"""The layers of an encoder group and its last norm in the compiled library, forward and backward: ``stack_kernels.h``.

Legend: G branches, B batch, w width; T_x steps of the input, T_q of the output (T_x, or 1), T_k of the source.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from dmd.dropout_mask import SEGMENT, DropoutMask, base_words
from dmd.kernels import native

NUM_PARAMETERS = 14
"""Of a level."""
NUM_OTHERS = 3
"""Masks of a level besides that of the attention weights."""
_NONE = 0
"""The address of a tensor that is not there."""


@dataclass(frozen=True)
class LevelShape:
    """What is different from one level to the next.

    Attributes:
        order: a query i sees keys up to i + order; below 0: all.
        first, seen: (G, B) int64, the first key that may be seen, and how many from there on; None: all.
        ends: (G, B) int64, of the last level only: the one step of each target to compute; None: every step.
        dropout: of the attention weights, a part for each branch.
        others: of what attention gives, of the hidden units and of what the feed-forward part gives, in one part each.
    """

    order: int
    first: Tensor | None
    seen: Tensor | None
    ends: Tensor | None
    dropout: DropoutMask | None
    others: tuple[DropoutMask | None, ...] = (None, None, None)


@dataclass(frozen=True)
class StackShape:
    """What a stack is besides its numbers.

    Attributes:
        heads: attention heads.
        num_keys: T_k.
        levels: from the first to the last.
    """

    heads: int
    num_keys: int
    levels: Sequence[LevelShape]

    def num_steps(self, x: Tensor) -> int:
        """T_q."""
        return x.shape[2] if self.levels[-1].ends is None else 1


def forward(
    x: Tensor, memory: Tensor | None, parameters: Sequence[Tensor], shape: StackShape
) -> tuple[Tensor, list[Tensor]]:
    """All levels of an encoder group, forward. Tensors are contiguous.

    Args:
        x: (G, B, T_x, w).
        memory: (G, B, T_k, w); None: self-attention.
        parameters: ``NUM_PARAMETERS`` of each level, then gain and shift of the last normalisation, where there is one.
        shape: what the stack is besides its numbers.

    Returns:
        The output, (G, B, T_q, w), and what the backward pass needs.
    """
    output = x.new_empty(*x.shape[:2], shape.num_steps(x), x.shape[3])
    room_scratch, *room_kept = _room(x, memory, shape)
    kept, scratch = [x.new_empty(size) for size in room_kept], x.new_empty(room_scratch)
    addresses, norm = _addresses(parameters, shape)
    table = _table(x, memory, shape, scratch)
    table.extend([output.data_ptr(), *norm, *[_NONE] * 5])
    _add_levels(table, shape, kept, addresses, [_NONE] * len(addresses))
    _run("stack_forward", x, table)
    return output, kept


def backward(
    x: Tensor,
    memory: Tensor | None,
    parameters: Sequence[Tensor],
    shape: StackShape,
    kept: Sequence[Tensor],
    d_output: Tensor,
) -> tuple[Tensor, Tensor | None, list[Tensor]]:
    """All levels of an encoder group, backward. Tensors are contiguous.

    Args:
        x: (G, B, T_x, w), of the forward pass.
        memory: (G, B, T_k, w), of the forward pass; None: self-attention.
        parameters: as in the forward pass.
        shape: as in the forward pass.
        kept: what the forward pass left.
        d_output: (G, B, T_q, w), gradient of the output.

    Returns:
        The gradients of x, of memory (None without one) and of the parameters.
    """
    scratch = x.new_empty(_room(x, memory, shape)[0])
    d_x, d_memory = torch.empty_like(x), None if memory is None else torch.zeros_like(memory)
    gradients = [torch.empty_like(parameter) for parameter in parameters]
    (addresses, norm), (d_addresses, d_norm) = _addresses(parameters, shape), _addresses(gradients, shape)
    table = _table(x, memory, shape, scratch)
    table.extend([_NONE, *norm, d_output.data_ptr(), d_x.data_ptr(), _address(d_memory), *d_norm])
    _add_levels(table, shape, kept, addresses, d_addresses)
    _run("stack_backward", x, table)
    return d_x, d_memory, gradients


def _addresses(parameters: Sequence[Tensor], shape: StackShape) -> tuple[list[int], list[int]]:
    """Of the parameters of all levels, and of gain and shift of the last normalisation."""
    addresses, num = list(map(Tensor.data_ptr, parameters)), NUM_PARAMETERS * len(shape.levels)
    return addresses[:num], addresses[num:] or [_NONE, _NONE]


def _room(x: Tensor, memory: Tensor | None, shape: StackShape) -> tuple[int, ...]:
    """Numbers that either pass works in, and that are kept of each level from the forward to the backward pass."""
    return _find_room(x.dtype, _numbers(x, shape), memory is not None, shape.levels[-1].ends is not None)


@lru_cache(maxsize=256)
def _find_room(dtype: torch.dtype, numbers: tuple[int, ...], has_memory: bool, has_ends: bool) -> tuple[int, ...]:
    """Of tensors only their being there matters here."""
    table, sizes = array("q", [*numbers, _NONE, _NONE, has_memory, *[_NONE] * 11]), array("q", [0] * (1 + numbers[0]))
    ends = [False] * (numbers[0] - 1) + [has_ends]
    for has_end in ends:
        table.extend(
            [_NONE, _NONE, _NONE, has_end, _NONE, *[_NONE] * 2 * NUM_OTHERS, _NONE, *[_NONE] * 2 * NUM_PARAMETERS]
        )
    native.function(f"stack_room_{native.KINDS[dtype]}", 2)(table.buffer_info()[0], sizes.buffer_info()[0])
    return tuple(sizes)


def _numbers(x: Tensor, shape: StackShape) -> tuple[int, ...]:
    groups, batch, num_steps, width = x.shape
    return len(shape.levels), groups, batch, shape.heads, width, num_steps, shape.num_keys


def _table(x: Tensor, memory: Tensor | None, shape: StackShape, scratch: Tensor) -> array[int]:
    """The beginning of ``struct stack``, up to its output."""
    masks = [level.dropout for level in shape.levels if level.dropout is not None]
    thresholds = masks[0].thresholds if masks else (0,) * len(x)
    tensors = (base_words(SEGMENT // 4, "cpu"), _thresholds(thresholds), scratch)
    addresses = (native.gemm()[x.dtype], x.data_ptr(), _address(memory), *map(Tensor.data_ptr, tensors))
    return array("q", [*_numbers(x, shape), *addresses])


def _add_levels(
    table: array[int], shape: StackShape, kept: Sequence[Tensor], addresses: Sequence[int], d_addresses: Sequence[int]
) -> None:
    """``struct level`` of each: its shape, what it keeps, its parameters, its gradients."""
    for index, level in enumerate(shape.levels):
        own = slice(index * NUM_PARAMETERS, (index + 1) * NUM_PARAMETERS)
        key = 0 if level.dropout is None else level.dropout.key
        table.extend([level.order, *map(_address, (level.first, level.seen, level.ends)), key])
        for mask in level.others:
            table.extend([0, 0] if mask is None else [mask.key, *mask.thresholds])
        table.extend([kept[index].data_ptr(), *addresses[own], *d_addresses[own]])


def _run(name: str, x: Tensor, table: array[int]) -> None:
    native.function(f"{name}_{native.KINDS[x.dtype]}", 1)(table.buffer_info()[0])


def _address(tensor: Tensor | None) -> int:
    return _NONE if tensor is None else tensor.data_ptr()


@lru_cache(maxsize=256)
def _thresholds(values: tuple[int, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.int32)
