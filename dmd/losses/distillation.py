"""The terms of L_dtl on one graph of modalities (Eqs. 7 and 9), given its edge weights.

Legend: E = 6 directed edges (source -> target), B batch, H width of a representation, K names of the target of
prediction. Where several workers share a batch, each gets its share of a term (:mod:`dmd.batch_sharing`).

How far the logits of two modalities are apart depends on what is predicted. Of a number it is the paper's difference.
The paper has no classes; there, teacher and student are compared as distributions, softened by T (Hinton, Vinyals and
Dean 2015, section 2), at the T = 8 of the code that the GD-Unit comes from (Luo et al., "Graph Distillation for Action
Detection with Privileged Modalities", ECCV 2018; google/graph_distillation, ``distance_metric``, option ``kl``). So
soft, the divergence is about that of the logits themselves: ``|z_i - z_j|^2 / 2K`` of centred ones (section 2.1 there).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.batch_sharing import ALONE, BatchSharing
from dmd.data.samples.target import TargetKind
from dmd.precision import in_float32

RepresentationDistance = Literal["off", "l1", "min_cosine", "one_minus_cosine"]


SOFTNESS = 8.0
"""T, which logits are divided by before they are compared as distributions."""


def absolute_difference(target: Tensor, source: Tensor) -> Tensor:
    """Of one number, (B, E) each -> (B, E)."""
    return (target - source).abs()


def mean_difference(target: Tensor, source: Tensor) -> Tensor:
    """Of several numbers the mean absolute difference, (B, E, K) each -> (B, E)."""
    return (target - source).abs().mean(-1)


def divergence_of_classes(target: Tensor, source: Tensor) -> Tensor:
    """``T^2 KL(softmax(source / T) || softmax(target / T))``, (..., K) each -> (...).

    The factor keeps its gradients as large as they are at T = 1 (Hinton et al. 2015).
    """
    student, teacher = (logits.div(SOFTNESS).log_softmax(-1) for logits in (target, source))
    return SOFTNESS**2 * F.kl_div(student, teacher, reduction="none", log_target=True).sum(-1)


def divergence_of_answers(target: Tensor, source: Tensor) -> Tensor:
    """The mean over K yes-or-no questions of the same with two classes, (B, E, K) each -> (B, E)."""
    no = torch.zeros_like(target)
    return divergence_of_classes(torch.stack([target, no], -1), torch.stack([source, no], -1)).mean(-1)


_DISTANCES: Mapping[TargetKind, Callable[[Tensor, Tensor], Tensor]] = {
    "regression": absolute_difference,
    "classes": divergence_of_classes,
    "binaries": divergence_of_answers,
    "several": mean_difference,
}


@in_float32
def logit_distillation(
    target: Tensor, source: Tensor, weights: Tensor, sharing: BatchSharing = ALONE, kind: TargetKind = "regression"
) -> Tensor:
    """``||W * E||_1`` with E the distances of logits (Eq. 9), averaged over the batch.

    Args:
        target: (B, E) or (B, E, K) logits at the targets of the edges, the students.
        source: logits at their sources, the teachers.
        weights: (B, E) of the edges.
        sharing: the workers that share the batch.
        kind: of what is predicted.

    Returns:
        ().
    """
    return sharing.mean((_DISTANCES[kind](target, source) * weights).sum(-1))


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
