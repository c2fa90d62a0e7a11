"""The terms of L_dtl on one graph of modalities (Eqs. 7 and 9), given its edge weights.

Legend: E = 6 directed edges (source -> target), B batch, H width of a representation. Where several workers share a
batch, each gets its share of a term (:mod:`dmd.batch_sharing`).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.precision import in_float32

RepresentationDistance = Literal["off", "l1", "min_cosine", "one_minus_cosine"]


@in_float32
def logit_distillation(target: Tensor, source: Tensor, weights: Tensor, sharing: BatchSharing = ALONE) -> Tensor:
    """``||W * E||_1`` with E the differences of logits (Eq. 9), averaged over the batch.

    Args:
        target: (B, E) logits at the targets of the edges.
        source: (B, E) logits at their sources.
        weights: (B, E) of the edges.
        sharing: the workers that share the batch.

    Returns:
        ().
    """
    return sharing.mean(((target - source).abs() * weights).sum(-1))


@in_float32
def representation_distillation(
    target: Tensor, source: Tensor, weights: Tensor, distance: RepresentationDistance, sharing: BatchSharing = ALONE
) -> Tensor:
    """The weighted distance of representations; absent from the paper's Eqs. 7 to 9, present in the published code.

    Args:
        target: (B, E, H) representations at the targets of the edges.
        source: (B, E, H) representations at their sources.
        weights: (B, E) of the edges.
        distance: ``l1``, ``one_minus_cosine``, or ``min_cosine``, the published term: it minimises the positive part of
            the cosine, so it drives student and teacher *apart*; it multiplies batch means, as the code does.
        sharing: the workers that share the batch.

    Returns:
        ().

    Raises:
        ValueError: for ``off`` and unknown names.
    """
    if distance == "l1":
        return sharing.mean(((target - source).abs().sum(-1) * weights).sum(-1))
    cosine = F.cosine_similarity(target, source, dim=-1)
    if distance == "min_cosine":
        product = sharing.gather(cosine.clamp(min=0)).mean(0) * sharing.gather(weights).mean(0)
        return product.sum() / sharing.num_workers
    if distance == "one_minus_cosine":
        return sharing.mean(((1 - cosine) * weights).sum(-1))
    raise ValueError(f"no representation distance {distance!r}")


@in_float32
def prior_regulariser(edges: Tensor, prior: Tensor, sharing: BatchSharing = ALONE) -> Tensor:
    """``sum_e (mean_b w_e - p_e)^2``: holds the learned edges near the prior.

    Args:
        edges: (B, E) learned weights.
        prior: (E,).
        sharing: the workers that share the batch.

    Returns:
        ().
    """
    return (sharing.gather(edges).mean(0) - prior).square().sum() / sharing.num_workers
