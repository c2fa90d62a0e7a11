"""Residual heads in the compiled library, forward and backward: ``head_kernels.h``.

Legend: B samples, w width, i inner width; every list has one tensor for each head.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.dropout_mask import SEGMENT, DropoutMask, base_words
from dmd.kernels import native

NUM_PARAMETERS = 6
"""Of a head: weight and bias of the layer into the hidden units, of the one back, and of the one to the logit."""


@dataclass(frozen=True)
class Heads:
    """Several heads of one kind.

    Attributes:
        inputs: (B, w) each.
        parameters: ``NUM_PARAMETERS`` tensors of each.
        masks: dropout of the hidden units of each; None: nothing is dropped.
    """

    inputs: Sequence[Tensor]
    parameters: Sequence[Sequence[Tensor]]
    masks: Sequence[DropoutMask | None]


@dataclass(frozen=True)
class HeadActivations:
    """What every head makes of its input.

    Attributes:
        hidden: (B, i) each, after ReLU.
        kept: (B, i) each, the same after dropout.
        residual: (B, w) each, after the skip connection.
        logit: (B,) each.
    """

    hidden: Sequence[Tensor]
    kept: Sequence[Tensor]
    residual: Sequence[Tensor]
    logit: Sequence[Tensor]


def forward(heads: Heads) -> HeadActivations:
    """What every head makes of its input."""
    inners = [x.new_empty(2, len(x), len(p[1])) for x, p in zip(heads.inputs, heads.parameters, strict=True)]
    hidden, kept = zip(*(room.unbind(0) for room in inners), strict=True)
    residual = [torch.empty_like(x) for x in heads.inputs]
    logit = [x.new_empty(len(x)) for x in heads.inputs]
    activations = HeadActivations(hidden, kept, residual, logit)
    num_more = 5 + NUM_PARAMETERS
    _run("heads_forward", heads, activations, [[0] * num_more] * len(heads.inputs))
    return activations


def backward(
    heads: Heads,
    activations: HeadActivations,
    d_hidden: Sequence[Tensor | None],
    d_residual: Sequence[Tensor | None],
    d_logit: Sequence[Tensor | None],
) -> tuple[list[Tensor], list[list[Tensor]]]:
    """The gradients of all heads.

    Args:
        heads: as in the forward pass.
        activations: what it returned.
        d_hidden: (B, i) each; None: no gradient arrived.
        d_residual: (B, w) each; None: no gradient arrived.
        d_logit: (B,) each; None: no gradient arrived.

    Returns:
        The gradients of the inputs, and those of the parameters of each head.
    """
    d_inputs = [torch.empty_like(x) for x in heads.inputs]
    gradients = [[torch.empty_like(p) for p in parameters] for parameters in heads.parameters]
    d_kept = [torch.empty_like(kept) for kept in activations.kept]
    arrived = zip(d_hidden, d_residual, d_logit, d_inputs, d_kept, strict=True)
    more = [
        [*(0 if d is None else d.data_ptr() for d in of_head), *_addresses(own)]
        for of_head, own in zip(arrived, gradients, strict=True)
    ]
    _run("heads_backward", heads, activations, more)
    return d_inputs, gradients


def _run(name: str, heads: Heads, activations: HeadActivations, more: Sequence[Sequence[int]]) -> None:
    """Call the function on the table of all heads; ``more``: what stands behind the parameters of each."""
    first = heads.inputs[0]
    gemm, words = native.gemm()[first.dtype], base_words(SEGMENT // 4, "cpu").data_ptr()
    table = array("q")
    outputs = zip(activations.hidden, activations.kept, activations.residual, activations.logit, strict=True)
    for x, parameters, mask, own, rest in zip(heads.inputs, heads.parameters, heads.masks, outputs, more, strict=True):
        threshold, key = (0, 0) if mask is None else (mask.thresholds[0], mask.key)
        table.extend([gemm, *x.shape, len(parameters[1]), words, threshold, key, x.data_ptr()])
        table.extend([*_addresses(own), *_addresses(parameters), *rest])
    native.function(f"{name}_{native.KINDS[first.dtype]}", 1, 1)(table.buffer_info()[0], len(heads.inputs))


def _addresses(tensors: Iterable[Tensor]) -> Iterable[int]:
    return map(Tensor.data_ptr, tensors)
