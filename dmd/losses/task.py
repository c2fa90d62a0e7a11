"""The error that a prediction is trained by, by the kind of the target.

Legend: ``B`` items, ``K`` names of the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.precision import in_float32


@dataclass(frozen=True, eq=False)
class Task:
    """What a model is trained to say.

    Attributes:
        target: its kind and names.
        weights: of the errors, (K,) by class, or (K, 2) by question and answer (no, yes); None: all count alike.
        auxiliary_weight: factor on the mean error of all numbers but the first, of ``several``.
    """

    target: Target = SENTIMENT_TARGET
    weights: Tensor | None = None
    auxiliary_weight: float = 1.0

    @in_float32
    def errors(self, prediction: Tensor, labels: Tensor) -> Tensor:
        """The error of every item.

        ``regression``: L1. ``classes``: cross-entropy. ``binaries``: binary cross-entropy, the mean over questions.
        ``several``: L1 of the first number plus the weighed mean L1 of the others.

        Args:
            prediction: (B,) or (B, K), as the model gives it.
            labels: (B,) or (B, K), in the unit of training.

        Returns:
            (B,).
        """
        kind = self.target.kind
        if kind == "regression":
            return (prediction - labels).abs()
        if kind == "classes":
            classes = labels.long()
            errors = F.cross_entropy(prediction, classes, reduction="none")
            return errors if self.weights is None else errors * self.weights_of(labels)
        if kind == "binaries":
            errors = F.binary_cross_entropy_with_logits(prediction, labels, reduction="none")
            if self.weights is not None:
                errors = errors * self.weights_of(labels)
            return errors.mean(-1)
        distances = (prediction - labels).abs()
        return distances[:, 0] + self.auxiliary_weight * distances[:, 1:].mean(-1)

    def weights_of(self, labels: Tensor) -> Tensor:
        """The weight of every item, (B,), or of every answer, (B, K); 1 without weights."""
        if self.weights is None:
            return torch.ones_like(labels)
        if self.target.kind == "classes":
            return self.weights[labels.long()]
        return torch.lerp(self.weights[:, 0], self.weights[:, 1], labels)


SENTIMENT_TASK = Task()


def balanced_weights(target: Target, labels: Tensor) -> Tensor:
    """Weights under which every class, or either answer of a question, weighs the same over all labels together.

    A class c of n_c among n labels weighs ``n / (C n_c)``, with C the classes that occur (King and Zeng 2001; as
    scikit-learn's ``balanced``), so that the mean weight over the labels is 1; one that does not occur weighs 0.

    Args:
        target: ``classes`` or ``binaries``.
        labels: (n,) or (n, K) of the training part.

    Returns:
        (K,), or (K, 2) for no and yes.
    """
    if target.kind == "classes":
        counts = torch.bincount(labels.long(), minlength=target.num_outputs).to(labels)
        return _balanced(counts)
    yes = labels.sum(0)
    return torch.stack([_balanced(torch.stack([len(labels) - count, count])) for count in yes])


def _balanced(counts: Tensor) -> Tensor:
    occurs = counts > 0
    return torch.where(occurs, counts.sum() / (occurs.sum() * counts.clamp(min=1)), torch.zeros_like(counts))
