"""Eqs. 2, 3 and 5 by the compiled library (:mod:`dmd.kernels.decoupling_terms`), as one node of the graph.

The same as :func:`dmd.losses.decoupling.squared_distance` and ``orthogonality`` before their sums are averaged. As a
chain of some hundred torch operations they cost more than their arithmetic at ten steps, and at long unaligned lengths
they fetch many times the memory of their inputs.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from dmd.kernels import decoupling_terms
from dmd.kernels.decoupling_terms import Terms

_NUM_INPUTS = 5


def sum_terms(terms: Terms) -> Tensor:
    """(M, 3): what Eq. 2, Eq. 3 and Eq. 5 sum of each modality over its real elements."""
    inputs = (*terms.x, *terms.common, *terms.exclusive, *terms.encoders, *terms.decoders)
    sums: Tensor = _Terms.apply(terms, *inputs)  # type: ignore[no-untyped-call]
    return sums


def _with(terms: Terms, tensors: Many[Tensor]) -> Terms:
    size = len(tensors) // _NUM_INPUTS
    x, common, exclusive, encoders, decoders = (tensors[index * size :][:size] for index in range(_NUM_INPUTS))
    return replace(terms, x=x, common=common, exclusive=exclusive, encoders=encoders, decoders=decoders)


class _Terms(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, terms: Terms, *inputs: Tensor) -> Tensor:
        given = tuple(tensor.contiguous() for tensor in inputs)
        sums, kept = decoupling_terms.forward(_with(terms, given))
        # without its tensors: what a backward pass needs is what is saved
        ctx.terms = _with(terms, ())
        ctx.save_for_backward(*kept, *given)
        return sums

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        num_kept = len(saved) // (_NUM_INPUTS + 1)
        terms = _with(ctx.terms, saved[num_kept:])
        found = decoupling_terms.backward(terms, saved[:num_kept], gradients[0].contiguous())
        return None, *(gradient for part in found for gradient in part)
