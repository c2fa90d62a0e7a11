"""The margin loss over triplets of common features (Eq. 4)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from dmd.data.samples.target import TargetKind
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
    target: TargetKind = "regression",
) -> Tensor:
    """Hinge on the cosines of (anchor, positive, negative); 0 where no triplet exists (Eq. 4).

    Cosines use norms ``sqrt(sum x^2 + 1e-8)``.

    Args:
        vectors: (N, w) with N = 3B, the common features of all modalities.
        labels: (N,) or (N, K).
        modality: (N,) integers.
        alpha: (), the margin, or for ``label_gap`` its factor on the gap between anchor and negative (:func:`gaps`).
        kind: ``constant`` (Eq. 4) or ``label_gap``.
        triplets: ``cross_modal`` is Eq. 4's S (positive: same class, other modality; negative: other class, same
            modality); ``any`` takes both from any modality, as the published code does.
        label_class: what counts as the same class (:func:`classes`).
        reduction: mean over all ``triples`` (Eq. 4), or over the means of the ``anchors``.
        target: what the labels say.

    Returns:
        ().
    """
    normed = vectors / (vectors.square().sum(-1, keepdim=True) + 1e-8).sqrt()
    cosine = normed @ normed.T
    positive, negative = _pairs(classes(labels, label_class, target), modality, triplets)
    margin = alpha * gaps(labels, target) if kind == "label_gap" else alpha
    # hinge[i, j, k] for anchor i, positive j, negative k: 0 of itself where j or k may not serve as that
    too_near = (margin + cosine).masked_fill(~negative, -math.inf)
    near = cosine.masked_fill(~positive, math.inf)
    sums = torch.relu(too_near.unsqueeze(1) - near.unsqueeze(2)).sum((1, 2))
    counts = positive.sum(1) * negative.sum(1)
    if reduction == "triples":
        return sums.sum() / counts.sum().clamp(min=1)
    return (sums / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def classes(labels: Tensor, label_class: LabelClass, target: TargetKind = "regression") -> Tensor:
    """The emotion class c[i] of Eq. 4, (N,) or (N, K); two items are of one class where it is all equal.

    Of a number the exact label, its sign, or its value rounded (half to even) to -3..3; of several numbers that of the
    first. Classes are what they are, and of yes-or-no answers a class is one set of answers.
    """
    if target in ("classes", "binaries"):
        return labels
    labels = labels[:, 0] if target == "several" else labels
    if label_class == "sign":
        return labels.sign()
    return labels.clamp(-3, 3).round() if label_class == "round7" else labels


def gaps(labels: Tensor, target: TargetKind) -> Tensor:
    """How far the labels of two items are apart, (N, N), or () where any two of unequal class are as far.

    Of a number ``|y_i - y_j|``; of several numbers that of the first; of answers the share that differs. Classes have
    no order: any two of them are 1 apart.
    """
    if target == "classes":
        return labels.new_ones(())
    labels = labels[:, 0] if target == "several" else labels
    apart = (labels[:, None] - labels[None, :]).abs()
    return apart.mean(-1) if target == "binaries" else apart


def _pairs(cls: Tensor, modality: Tensor, triplets: Triplets) -> tuple[Tensor, Tensor]:
    """Which (anchor, other) pairs may serve as positive and as negative; two (N, N) bool. cls: (N,) or (N, K)."""
    same_class = cls[:, None] == cls[None, :]
    if same_class.dim() > 2:
        same_class = same_class.all(-1)
    if triplets == "any":
        return same_class & ~torch.eye(len(cls), dtype=torch.bool, device=cls.device), ~same_class
    same_modality = modality[:, None] == modality[None, :]
    return same_class & ~same_modality, ~same_class & same_modality
