"""The training part as a model sees it, and what its heads say before the first step."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.data.samples.target import Target
from dmd.losses.task import Task, balanced_weights
from dmd.models.median import log_odds
from dmd.training.config import TrainingConfig
from dmd.training.label_units import label_unit


def prepare_part(part: Batch, target: Target, config: TrainingConfig) -> Batch:
    """The training part with labels in the unit of training, numbered rows, and the task that is trained for.

    Args:
        part: labels in the unit of the file.
        target: of the labels.
        config: weights of the task.
    """
    assert part.labels is not None
    labels = label_unit(target).encode(part.labels)
    weights = None
    if config.class_weights == "balanced" and not target.is_numeric:
        weights = balanced_weights(target, labels)
    task = Task(target, weights, config.auxiliary_weight)
    return replace(part, labels=labels, rows=torch.arange(len(part), device=labels.device), task=task)


def typical_output(part: Batch) -> Tensor:
    """What heads that look at nothing say best: medians, or how often classes and answers occur; () or (K,).

    part: as :func:`prepare_part` gives it.
    """
    assert part.labels is not None
    if part.task.target.is_numeric:
        return torch.quantile(part.labels, 0.5, dim=0)
    return log_odds(part.task.target, part.labels)
