"""An encoder layer with the compiled passes of :mod:`dmd.kernels.native` between its matrix products.

The same function as :class:`dmd.layers.encoder.EncoderLayer`, written out with its derivative: on a CPU the products
are a third of the time that the layer takes as a chain of torch operations, and this leaves little more than them.

Legend: G branches, N_q = B T_q and N_k = B T_k rows of target and source, w width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dmd.dropout_mask import DropoutMask
from dmd.kernels import native


@dataclass(frozen=True)
class LayerParameters:
    """Weights (G, w_out, w_in) and biases (G, w_out) of one layer, in the order of use."""

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

    def as_tuple(self) -> tuple[Tensor, ...]:
        return tuple(vars(self).values())


@dataclass(frozen=True)
class LayerShape:
    """seen: (G, B), keys that may be seen. order: see :class:`dmd.kernels.native.HeadShape`. steps: T_k of the source.

    rows: (G * B,) the one row of each target to compute, counted over (G, N_q); None: all. dropout: of the weights.
    """

    heads: int
    seen: Tensor
    order: int
    steps: int
    rows: Tensor | None
    dropout: DropoutMask | None


def run_layer(x: Tensor, memory: Tensor | None, parameters: LayerParameters, shape: LayerShape) -> Tensor:
    """x: (G, N_q, w); memory: (G, N_k, w), or None for self-attention. (G, N_q or B, w)."""
    output: Tensor = _Layer.apply(x, memory, shape, *parameters.as_tuple())  # type: ignore[no-untyped-call]
    return output


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, memory: Tensor | None, shape: LayerShape, *parameters: Tensor) -> Tensor:
        p = LayerParameters(*parameters)
        x = x.contiguous()
        memory = None if memory is None else memory.contiguous()
        normed, stats = native.add_and_norm(x, None, None, p.norm_gain, p.norm_shift)
        source, source_stats = normed, stats
        if memory is not None:
            source, source_stats = native.add_and_norm(memory, None, None, p.norm_gain, p.norm_shift)
        asked, skip = (normed, x) if shape.rows is None else (_pick(normed, shape.rows), _pick(x, shape.rows))
        query, key_value = _linear(asked, p.query), _linear(source, p.key_value)
        heads = _heads(shape, asked)
        biases = (p.query_bias, p.key_value_bias)
        mixed, softmax_stats = native.attention(query, key_value, biases, heads, shape.dropout)
        middle = _linear(mixed, p.out)
        second, second_stats = native.add_and_norm(middle, skip, p.out_bias, p.second_gain, p.second_shift)
        hidden = _linear(second, p.widen)
        native.relu(hidden, p.widen_bias)
        output = _linear(hidden, p.narrow)
        native.add(output, middle, p.narrow_bias)
        ctx.shape, ctx.is_self = shape, memory is None
        kept = (x, normed, stats, query, key_value, mixed, softmax_stats, middle, second, second_stats, hidden)
        ctx.save_for_backward(*parameters, *kept, *(() if memory is None else (memory, source, source_stats)))
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        shape, saved = ctx.shape, ctx.saved_tensors
        num = len(LayerParameters.__dataclass_fields__)
        p = LayerParameters(*saved[:num])
        x, normed, stats, query, key_value, mixed, softmax_stats, middle, second, second_stats, hidden = saved[
            num : num + 11
        ]
        memory, source, source_stats = (x, normed, stats) if ctx.is_self else saved[num + 11 :]
        asked = normed if shape.rows is None else _pick(normed, shape.rows)
        d_out = gradients[0].contiguous()

        d_narrow_bias = native.column_sums(d_out)
        d_hidden, d_narrow = torch.bmm(d_out, p.narrow), torch.bmm(d_out.transpose(1, 2), hidden)
        d_widen_bias = torch.zeros_like(p.widen_bias)
        native.relu_backward(hidden, d_hidden, d_widen_bias)
        d_second, d_widen = torch.bmm(d_hidden, p.widen), torch.bmm(d_hidden.transpose(1, 2), second)
        d_gain_2, d_shift_2, d_out_bias = (torch.zeros_like(p.out_bias) for _ in range(3))
        d_skip = d_out.clone()
        native.norm_backward(d_second, middle, second_stats, p.second_gain, d_skip, d_gain_2, d_shift_2, d_out_bias)
        d_mixed, d_out_weight = torch.bmm(d_skip, p.out), torch.bmm(d_skip.transpose(1, 2), mixed)
        biases = (p.query_bias, p.key_value_bias)
        d_query, d_key_value = native.attention_backward(
            query, key_value, biases, mixed, softmax_stats, d_mixed, _heads(shape, asked), shape.dropout
        )
        d_asked, d_source = torch.bmm(d_query, p.query), torch.bmm(d_key_value, p.key_value)
        d_gain, d_shift = torch.zeros_like(p.norm_gain), torch.zeros_like(p.norm_shift)
        if shape.rows is None:
            d_x, d_normed = d_skip, d_asked
        else:
            d_x, d_normed = _unpick(d_skip, shape.rows, x), _unpick(d_asked, shape.rows, x)
        d_memory = None
        if ctx.is_self:
            d_normed = d_normed.add_(d_source)
        else:
            d_memory = torch.zeros_like(memory)
            native.norm_backward(d_source, memory, source_stats, p.norm_gain, d_memory, d_gain, d_shift, None)
        native.norm_backward(d_normed, x, stats, p.norm_gain, d_x, d_gain, d_shift, None)
        return (
            d_x,
            d_memory,
            None,
            *(d_gain, d_shift),
            *(torch.bmm(d_query.transpose(1, 2), asked), native.column_sums(d_query)),
            *(torch.bmm(d_key_value.transpose(1, 2), source), native.column_sums(d_key_value)),
            *(d_out_weight, d_out_bias),
            *(d_gain_2, d_shift_2),
            *(d_widen, d_widen_bias),
            *(d_narrow, d_narrow_bias),
        )


def _linear(x: Tensor, weight: Tensor) -> Tensor:
    """(G, N, w_in) -> (G, N, w_out), without the bias: the pass that comes next adds it."""
    return torch.bmm(x, weight.transpose(1, 2))


def _heads(shape: LayerShape, asked: Tensor) -> native.HeadShape:
    steps = asked.shape[1] // shape.seen.shape[1]
    return native.HeadShape(shape.seen, shape.heads, asked.shape[-1], (steps, shape.steps), shape.order, asked.dtype)


def _pick(x: Tensor, rows: Tensor) -> Tensor:
    """(G, N, w) -> (G, B, w): one row per sequence."""
    return x.flatten(0, 1).index_select(0, rows).view(x.shape[0], -1, x.shape[-1])


def _unpick(x: Tensor, rows: Tensor, like: Tensor) -> Tensor:
    """The transpose of :func:`_pick`."""
    whole = torch.zeros_like(like)
    whole.view(-1, like.shape[-1])[rows] = x.flatten(0, 1)
    return whole
