"""The margin loss over triplets of common features (Eq. 4)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from dmd.precision import in_float32

MarginKind = Literal["constant", "label_gap"]
Triplets = Literal["cross_modal", "any"]
LabelClass = Literal["exact", "sign", "round7"]
TripletReduction = Literal["triples", "anchors"]


@in_float32
def margin_loss(
    vectors: Tensor,
    labels: Tensor,
    modality: Tensor,
    alpha: Tensor,
    *,
    kind: MarginKind,
    triplets: Triplets,
    label_class: LabelClass,
    reduction: TripletReduction,
) -> Tensor:
    """Hinge on the cosines of (anchor, positive, negative); 0 where no triplet exists (Eq. 4).

    Cosines use norms ``sqrt(sum x^2 + 1e-8)``.

    Args:
        vectors: (N, w) with N = 3B, the common features of all modalities.
        labels: (N,) real labels.
        modality: (N,) integers.
        alpha: (), the margin, or for ``label_gap`` its factor on ``|y_anchor - y_negative|``.
        kind: ``constant`` (Eq. 4) or ``label_gap``.
        triplets: ``cross_modal`` is Eq. 4's S (positive: same class, other modality; negative: other class, same
            modality); ``any`` takes both from any modality, as the published code does.
        label_class: what counts as the same class (:func:`classes`).
        reduction: mean over all ``triples`` (Eq. 4), or over the means of the ``anchors``.

    Returns:
        ().
    """
    normed = vectors / (vectors.square().sum(-1, keepdim=True) + 1e-8).sqrt()
    cosine = normed @ normed.T
    positive, negative = _pairs(labels, modality, triplets, label_class)
    margin = alpha * (labels[:, None] - labels[None, :]).abs() if kind == "label_gap" else alpha
    # hinge[i, j, k] for anchor i, positive j, negative k: 0 of itself where j or k may not serve as that
    too_near = (margin + cosine).masked_fill(~negative, -math.inf)
    near = cosine.masked_fill(~positive, math.inf)
    sums = torch.relu(too_near.unsqueeze(1) - near.unsqueeze(2)).sum((1, 2))
    counts = positive.sum(1) * negative.sum(1)
    if reduction == "triples":
        return sums.sum() / counts.sum().clamp(min=1)
    return (sums / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def classes(labels: Tensor, label_class: LabelClass) -> Tensor:
    """The emotion class c[i] of Eq. 4: the exact label, its sign, or its value rounded (half to even) to -3..3."""
    if label_class == "sign":
        return labels.sign()
    return labels.clamp(-3, 3).round() if label_class == "round7" else labels


def _pairs(labels: Tensor, modality: Tensor, triplets: Triplets, label_class: LabelClass) -> tuple[Tensor, Tensor]:
    """Which (anchor, other) pairs may serve as positive and as negative; two (N, N) bool."""
    cls = classes(labels, label_class)
    same_class = cls[:, None] == cls[None, :]
    if triplets == "any":
        return same_class & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device), ~same_class
    same_modality = modality[:, None] == modality[None, :]
    return same_class & ~same_modality, ~same_class & same_modality
