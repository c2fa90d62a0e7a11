"""The terms of L_dec that look at one modality: self-regression (Eq. 2), cycle (Eq. 3), orthogonality (Eq. 5).

Where several workers share a batch, each gets its share of a term (:mod:`dmd.batch_sharing`).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.precision import in_float32

ReconstructionReduction = Literal["mean", "sum"]
OrthogonalityForm = Literal["relu", "signed", "squared"]
OrthogonalityAxis = Literal["feature", "flatten", "batch"]


@in_float32
def squared_distance(
    first: Tensor, second: Tensor, real: Tensor, reduction: ReconstructionReduction, sharing: BatchSharing = ALONE
) -> Tensor:
    """The squared error between two sequences over their real steps (Eqs. 2 and 3).

    Args:
        first: (B, ..., T, w).
        second: (B, ..., T, w).
        real: (B, ..., T) bool, True at real steps.
        reduction: ``mean``: over all real elements, as the published code does, which keeps lambda_1 meaningful across
            lengths; ``sum``: the Frobenius norm as printed, averaged over the batch.
        sharing: the workers that share the batch.

    Returns:
        (...): one number for each modality that lies side by side.
    """
    sums = ((first - second).square() * real.unsqueeze(-1)).sum((0, -2, -1))
    if reduction == "sum":
        return sums / sharing.num_rows(len(first))
    return sums / (sharing.total(real.sum((0, -1))) * first.shape[-1])


@in_float32
def orthogonality(
    common: Tensor,
    exclusive: Tensor,
    real: Tensor,
    form: OrthogonalityForm,
    axis: OrthogonalityAxis,
    sharing: BatchSharing = ALONE,
) -> Tensor:
    """The cosine of X^com and X^prt of one modality (Eq. 5), to be minimised.

    Args:
        common: X^com, (B, ..., T, w).
        exclusive: X^prt, (B, ..., T, w).
        real: (B, ..., T) bool, True at real steps.
        form: ``signed`` is the equation as printed (its minimum is anti-parallel, not orthogonal); ``relu`` stops at
            orthogonal; ``squared`` is symmetric.
        axis: ``feature`` takes the cosine at each real step, ``flatten`` over each sample's whole sequence, ``batch``
            along the batch axis as the published code did on PyTorch 1.9.
        sharing: the workers that share the batch.

    Returns:
        (...): one number for each modality that lies side by side.
    """
    if axis == "flatten":
        mask = real.unsqueeze(-1)
        cosine = F.cosine_similarity((common * mask).flatten(-2), (exclusive * mask).flatten(-2), dim=-1)
        return sharing.mean(_shape_cosine(cosine, form))
    if axis == "batch":
        cosine = F.cosine_similarity(sharing.gather(common), sharing.gather(exclusive), dim=0)
        return _shape_cosine(cosine, form).mean((-2, -1)) / sharing.num_workers
    cosine = _shape_cosine(F.cosine_similarity(common, exclusive, dim=-1), form)
    return (cosine * real).sum((0, -1)) / sharing.total(real.sum((0, -1)))


def _shape_cosine(cosine: Tensor, form: OrthogonalityForm) -> Tensor:
    if form == "relu":
        return torch.relu(cosine)
    return cosine.square() if form == "squared" else cosine
