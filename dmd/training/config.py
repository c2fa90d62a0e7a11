"""Settings of the training loop, shared by every method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from dmd.precision import Precision
from dmd.settings import setting
from dmd.training.selection import Selection

HeadStart = Literal["neutral", "median"]
ClassWeights = Literal["none", "balanced"]


@dataclass(frozen=True)
class Accumulation:
    """How many mini-batches make one optimiser step.

    Attributes:
        steps: mini-batches per optimiser step.
        average: take the mean of their gradients, not the sum.
        flush_last: make a step with an incomplete rest at the end of an epoch.
    """

    steps: int = setting(1, low=1)
    average: bool = setting(False)
    flush_last: bool = setting(True)


@dataclass(frozen=True)
class Clip:
    """Gradient clipping after every mini-batch.

    Attributes:
        kind: clip gradients by ``value`` (each entry) or by their ``norm`` (all of them).
        limit: the largest entry or norm.
    """

    kind: Literal["value", "norm", "none"] = setting("value")
    limit: float = setting(0.6, low=0, low_exclusive=True)


@dataclass(frozen=True)
class Plateau:
    """Multiply the learning rate by ``factor`` after ``patience`` epochs without a lower validation error.

    Attributes:
        factor: factor of the learning rate on a plateau.
        patience: epochs without a lower validation error before the learning rate falls.
    """

    factor: float = setting(0.5, low=0, high=1, low_exclusive=True)
    patience: int = setting(5, low=0)


@dataclass(frozen=True)
class TrainingConfig:
    """Adam with a plateau schedule, early stopping and the best checkpoint, all on the validation error.

    Attributes:
        learning_rate: learning rate of Adam at the first epoch.
        weight_decay: L2 penalty of Adam.
        batch_size: items per mini-batch, all workers together.
        max_epochs: the most epochs of a run.
        patience: stop after this many epochs without an improvement of more than 1e-6.
        selection: ``items``: the MAE over items; ``batches``: the published code's mean over shuffled mini-batches
            (:func:`dmd.training.selection.batch_error`). Of classes and answers it is the negative log likelihood;
            ``answers``: there the share of wrong answers, which a model may still lower when it has become too sure.
        head_start: what heads predict before the first step: the neutral point of the labels or the training median; of
            classes and answers all alike, or as often as in the training part.
        class_weights: ``balanced``: every class, or either answer, weighs the same in the loss, however rare it is.
        auxiliary_weight: of the mean error of all numbers but the first, where there are several.
        precision: arithmetic of the model (:mod:`dmd.precision`).
        clip: gradient clipping.
        accumulation: mini-batches per optimiser step.
        plateau: schedule of the learning rate.
    """

    learning_rate: float = setting(1e-4, low=0, low_exclusive=True, high=10)
    weight_decay: float = setting(0.0, low=0)
    batch_size: int = setting(16, low=1)
    max_epochs: int = setting(30, low=1)
    patience: int = setting(10, low=1)
    selection: Selection = setting("items")
    head_start: HeadStart = setting("neutral", "what heads predict at first: the neutral point, or the training median")
    class_weights: ClassWeights = setting(
        "none", "balanced: every class weighs the same in the loss; for targets of classes and answers"
    )
    auxiliary_weight: float = setting(1.0, "of all numbers but the first, for targets of several numbers", low=0)
    precision: Precision = setting("fp32")
    clip: Clip = field(default_factory=Clip)
    accumulation: Accumulation = field(default_factory=Accumulation)
    plateau: Plateau = field(default_factory=Plateau)
