"""The layers of an encoder group by the compiled library (:mod:`dmd.kernels.encoder_stack`), as one node of the graph.

The same function as the layers of :class:`dmd.layers.encoder.EncoderGroup` and the norm behind them. As a chain of
torch operations they take three times as long on a CPU as their matrix products, which are most of what is left here.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from dmd.kernels import encoder_stack
from dmd.kernels.encoder_stack import StackShape


class LayerParameters(NamedTuple):
    """The parameters of one level, in the order in which the library knows them: G branches, width w.

    Attributes:
        norm_gain, norm_shift: (G, w) each, of the norm before attention.
        query, query_bias: (G, w, w) and (G, w).
        key_value, key_value_bias: (G, 2w, w) and (G, 2w); keys first.
        out, out_bias: (G, w, w) and (G, w), behind the heads.
        second_gain, second_shift: (G, w) each, of the norm before the feed-forward part.
        widen, widen_bias: (G, 4w, w) and (G, 4w).
        narrow, narrow_bias: (G, w, 4w) and (G, w).
    """

    norm_gain: Tensor
    norm_shift: Tensor
    query: Tensor
    query_bias: Tensor
    key_value: Tensor
    key_value_bias: Tensor
    out: Tensor
    out_bias: Tensor
    second_gain: Tensor
    second_shift: Tensor
    widen: Tensor
    widen_bias: Tensor
    narrow: Tensor
    narrow_bias: Tensor


def run_stack(
    x: Tensor,
    memory: Tensor | None,
    layers: Sequence[LayerParameters],
    norm: tuple[Tensor, Tensor] | None,
    shape: StackShape,
) -> Tensor:
    """All levels of an encoder group by the compiled library.

    Args:
        x: (G, B, T_x, w).
        memory: (G, B, T_k, w); None: self-attention.
        layers: weights of each level.
        norm: gain and shift of the last normalisation, (G, w) each; None: there is none.
        shape: what the stack is besides its numbers.

    Returns:
        (G, B, T_x, w), or (G, B, 1, w) where the last level leaves one query.
    """
    parameters = (*itertools.chain.from_iterable(layers), *(norm or ()))
    output: Tensor = _Stack.apply(x, memory, shape, *parameters)  # type: ignore[no-untyped-call]
    return output


class _Stack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, memory: Tensor | None, shape: StackShape, *parameters: Tensor) -> Tensor:
        x = x.contiguous()
        memory = None if memory is None else memory.contiguous()
        output, kept = encoder_stack.forward(x, memory, parameters, shape)
        ctx.shape = shape
        ctx.save_for_backward(x, memory, *kept, *parameters)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, memory, *saved = ctx.saved_tensors
        num_levels = len(ctx.shape.levels)
        kept, parameters = saved[:num_levels], saved[num_levels:]
        d_output = gradients[0].contiguous()
        d_x, d_memory, d_parameters = encoder_stack.backward(x, memory, parameters, ctx.shape, kept, d_output)
        return d_x, d_memory, None, *d_parameters
