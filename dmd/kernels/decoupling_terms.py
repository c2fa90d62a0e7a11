"""The terms of L_dec of one modality in the compiled library, forward and backward: ``decoupling_kernels.h``.

Legend: M modalities, B batch, T' steps of a modality, d width; every list has one tensor for each modality.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence as Many
from dataclasses import dataclass

import torch
from torch import Tensor

from dmd.kernels import native

NUM_SUMS = 3
FORMS = ("signed", "relu", "squared")
"""Of the cosine, by the numbers that the library knows them by."""


@dataclass(frozen=True)
class Terms:
    """What the terms are taken of.

    Attributes:
        x, common, exclusive: (B, T', d).
        encoders, decoders: of the exclusive features, (d, d), and of both shares, the exclusive one first, (d, 2d).
        real: the first real step of each sequence and how many there are, (B,) each; None: all are.
        form: of the cosine, one of ``FORMS``.
        along_batch: it is that of a step and channel over the batch, not that of a step.
    """

    x: Many[Tensor]
    common: Many[Tensor]
    exclusive: Many[Tensor]
    encoders: Many[Tensor]
    decoders: Many[Tensor]
    real: Many[tuple[Tensor, Tensor]] | None
    form: str
    along_batch: bool


def forward(terms: Terms) -> tuple[Tensor, list[Tensor]]:
    """(M, 3): the sums over real elements of (X - D)^2, of (X^prt - E(D))^2 and of the cosines; and what is kept."""
    sums = terms.x[0].new_empty(len(terms.x), NUM_SUMS)
    kept = [x.new_empty(2 * x.numel() + 3 * _num_cosines(x, terms.along_batch)) for x in terms.x]
    _run("decoupling_forward", terms, kept, sums, [[0] * 6] * len(terms.x))
    return sums, kept


def backward(terms: Terms, kept: Many[Tensor], d_sums: Tensor) -> list[list[Tensor]]:
    """The gradients of everything that the terms are taken of.

    Args:
        terms: as in the forward pass.
        kept: what the forward pass left, of each modality.
        d_sums: (M, 3), gradient of the sums.

    Returns:
        Five lists, of x, common, exclusive, encoders and decoders, with a tensor for each modality.
    """
    parts = (terms.x, terms.common, terms.exclusive, terms.encoders, terms.decoders)
    gradients = [[torch.empty_like(tensor) for tensor in part] for part in parts]
    size = d_sums.element_size() * NUM_SUMS
    more = [
        [d_sums.data_ptr() + index * size, *map(Tensor.data_ptr, of_one)]
        for index, of_one in enumerate(zip(*gradients, strict=True))
    ]
    _run("decoupling_backward", terms, kept, d_sums, more)
    return gradients


def _num_cosines(x: Tensor, along_batch: bool) -> int:
    batch, steps, width = x.shape
    return steps * (width if along_batch else batch)


def _run(name: str, terms: Terms, kept: Many[Tensor], sums: Tensor, more: Many[Many[int]]) -> None:
    """Call the function on the table of all modalities; ``more``: what stands behind the sums of each."""
    first = terms.x[0]
    table, size = array("q"), first.element_size()
    room = first.new_empty(4 * max(x.numel() for x in terms.x))
    for index, x in enumerate(terms.x):
        own = (x, terms.common[index], terms.exclusive[index], terms.encoders[index], terms.decoders[index])
        real = (0, 0) if terms.real is None else map(Tensor.data_ptr, terms.real[index])
        start, step = kept[index].data_ptr(), x.numel() * size
        table.extend([native.gemm()[x.dtype], *x.shape, int(terms.along_batch), FORMS.index(terms.form), *real])
        table.extend([*map(Tensor.data_ptr, own), start, start + step, start + 2 * step, room.data_ptr()])
        table.extend([sums.data_ptr() + index * size * NUM_SUMS, *more[index]])
    native.function(f"{name}_{native.KINDS[first.dtype]}", 1, 1)(table.buffer_info()[0], len(terms.x))
