"""The core of attention, ``dropout(softmax(Q^T K)) V``, for all heads of many branches at once (Eq. 10).

Legend: M = branches x batch x heads, in this order; h width of one head; T_q, T_k steps of target and source.
Sequences are feature-major, (M, h, T): every product and every pass then runs along time, which for heads of five
channels is several times faster than along channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from dmd.dropout_mask import DropoutMask

FITS_IN_CACHE = 100_000
"""Attention weights that are worked on at a time on a CPU: some hundred kilobytes, so that they stay in its cache."""
WORTH_KEEPING = 4_000_000
"""Up to so many weights are kept for the backward pass; of longer sequences they are computed anew."""
SAFE_SUM = 1e30
"""While every sum of exponentials lies between its inverse and this, no maximum had to be subtracted first."""
HIDDEN = -1e9
"""Added to the score of a key that may not be seen; its weight is then exactly zero."""
BLIND = -1e8
"""Below every score of a key that may be seen: a query whose largest is no more than this sees none, and gets 0."""


@dataclass(frozen=True)
class AttentionMask:
    """What may be seen, and what is dropped.

    Attributes:
        hidden_keys: (M, T_k), 0 at keys that may be seen and ``HIDDEN`` elsewhere; None: all may.
        future: (T_k, T_q), 0 or ``HIDDEN``; None: no order.
        dropout: of the weights (M, T_k, T_q), its parts being the branches; None: nothing is dropped.
    """

    hidden_keys: Tensor | None = None
    future: Tensor | None = None
    dropout: DropoutMask | None = None


def attend(query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask) -> Tensor:
    """Attention of all heads.

    Args:
        query: (M, h, T_q), scaled already.
        key: (M, h, T_k).
        value: (M, h, T_k).
        mask: what may be seen, and what is dropped.

    Returns:
        (M, h, T_q).
    """
    if mask.hidden_keys is not None:
        # a key's bias is one more channel that the query has a 1 in: the product adds it for nothing
        query = torch.cat([query, query.new_ones(query.shape[0], 1, query.shape[2])], dim=1)
        key = torch.cat([key, mask.hidden_keys.unsqueeze(1).to(key.dtype)], dim=1)
    if query.device.type == "cpu" and query.dtype in (torch.float32, torch.float64):
        output: Tensor = _BlockedAttention.apply(query, key, value, mask)  # type: ignore[no-untyped-call]
        return output
    return _attend_whole(query, key, value, mask)


def _attend_whole(query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask) -> Tensor:
    """The definition, in whole tensors: for accelerators, whose kernels need no blocking."""
    scores = key.transpose(1, 2) @ query
    if mask.future is not None:
        scores = scores + mask.future.to(scores.dtype)
    weights = scores.softmax(dim=1) * (scores.amax(1, keepdim=True) > BLIND)
    if mask.dropout is not None:
        keep = mask.dropout.keep(weights.numel(), weights.device).view(weights.shape).to(weights.dtype)
        weights = weights * keep * _scales(mask.dropout, weights)
    return value @ weights


class _BlockedAttention(torch.autograd.Function):
    """:func:`_attend_whole` in blocks of M that stay in the cache, with the softmax's division moved to the output.

    With E = exp(scores), r its sum over keys, K the kept entries and c the dropout scale: the output is
    ``V (E * K) c / r``. Backward, with dO the gradient of the output O and G = V^T dO c / r: the gradient of the scores
    is ``(E * K) * G - E * (dO . O) / r``.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask) -> Tensor:
        done = _forward(query, key, value, mask, is_shifted=False)
        lowest, highest = done.sums.aminmax()
        ctx.is_shifted = not (float(lowest) > 1 / SAFE_SUM and float(highest) < SAFE_SUM)
        if ctx.is_shifted:
            done = _forward(query, key, value, mask, is_shifted=True)
        sums = done.sums.masked_fill(done.sums == 0, math.inf)
        factor = 1 / sums if mask.dropout is None else _scales(mask.dropout, sums) / sums
        output = done.output.mul_(factor)
        ctx.save_for_backward(query, key, value, output, sums, factor, *done.weights)
        ctx.mask = mask
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, output, sums, factor, *weights = ctx.saved_tensors
        gradient = gradients[0]
        centre = (gradient * output).sum(1, keepdim=True).div_(sums)
        scaled = gradient * factor
        to_query, to_key, to_value = (torch.empty_like(part) for part in (query, key, value))
        whole = (query, key, value, scaled, centre, to_query, to_key, to_value)
        for index, block in enumerate(_blocks(query, key, ctx.mask)):
            q, k, v, g, c, to_q, to_k, to_v = (_rows(part, block) for part in whole)
            if weights:
                unscaled, dropped = weights[2 * index : 2 * index + 2]
            else:
                unscaled, dropped = _weights(q, k, ctx.mask, block, len(query), ctx.is_shifted)
            torch.bmm(g, dropped.transpose(1, 2), out=to_v)
            to_scores = torch.bmm(v.transpose(1, 2), g).mul_(dropped).addcmul_(unscaled, c, value=-1)
            torch.bmm(k, to_scores, out=to_q)
            torch.bmm(q, to_scores.transpose(1, 2), out=to_k)
        return to_query, to_key, to_value, None


@dataclass(frozen=True)
class _Forward:
    """What a forward pass leaves.

    Attributes:
        output: before division, (M, h, T_q).
        sums: r, (M, 1, T_q).
        weights: E and E * K of each block, if kept.
    """

    output: Tensor
    sums: Tensor
    weights: list[Tensor]


def _forward(query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask, is_shifted: bool) -> _Forward:
    keeps_weights = query.shape[0] * query.shape[2] * key.shape[2] <= WORTH_KEEPING
    output = query.new_empty(value.shape[0], value.shape[1], query.shape[2])
    sums = query.new_empty(query.shape[0], 1, query.shape[2])
    weights = []
    for block in _blocks(query, key, mask):
        q, k, v, out, r = (_rows(part, block) for part in (query, key, value, output, sums))
        unscaled, dropped = _weights(q, k, mask, block, len(query), is_shifted)
        torch.sum(unscaled, dim=1, keepdim=True, out=r)
        torch.bmm(v, dropped, out=out)
        if keeps_weights:
            weights += [unscaled, dropped]
    return _Forward(output, sums, weights)


def _weights(
    query: Tensor, key: Tensor, mask: AttentionMask, block: slice | None, num_rows: int, is_shifted: bool
) -> tuple[Tensor, Tensor]:
    """E and E * K of a block of rows, both (M', T_k, T_q); the same tensor where nothing is dropped."""
    scores = torch.bmm(key.transpose(1, 2), query)
    if mask.future is not None:
        scores.add_(mask.future.to(scores.dtype))
    if is_shifted:
        scores.sub_(scores.amax(1, keepdim=True).clamp(min=BLIND))
    unscaled = scores.exp_()
    if mask.dropout is None:
        return unscaled, unscaled
    per_row = query.shape[2] * key.shape[2]
    rows = slice(0, num_rows) if block is None else block
    size, start, stop = num_rows * per_row, rows.start * per_row, rows.stop * per_row
    if not mask.dropout.drops(size, start, stop):
        return unscaled, unscaled
    keep = mask.dropout.keep(size, query.device, start, stop)
    return unscaled, keep.view(unscaled.shape).to(unscaled.dtype).mul_(unscaled)


def _rows(x: Tensor, block: slice | None) -> Tensor:
    return x if block is None else x[block]


def _blocks(query: Tensor, key: Tensor, mask: AttentionMask) -> Iterator[slice | None]:
    """Slices of M whose weights fit in the cache, none across two parts of the dropout; None if all of them fit."""
    rows, per_row = query.shape[0], query.shape[2] * key.shape[2]
    if rows * per_row <= FITS_IN_CACHE:
        yield None
        return
    part = rows if mask.dropout is None else rows // len(mask.dropout.thresholds)
    size = min(max(FITS_IN_CACHE // per_row, 1), part)
    for first in range(0, rows, part):
        for start in range(first, first + part, size):
            yield slice(start, min(start + size, first + part))


def _scales(mask: DropoutMask, like: Tensor) -> Tensor:
    """(M, 1, 1): the scale of the part that a row belongs to."""
    scales = _on_device(mask.scales, like.dtype, str(like.device))
    return scales.repeat_interleave(like.shape[0] // len(mask.scales))[:, None, None]


@lru_cache(maxsize=256)
def _on_device(values: tuple[float, ...], dtype: torch.dtype, device: str) -> Tensor:
    """Copied there once: a copy in every step would keep the host waiting, and no CUDA graph could hold it."""
    return torch.tensor(values, dtype=dtype, device=device)
