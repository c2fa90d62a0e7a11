"""What changes while a model is trained."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from dmd.job import EpochReport
from dmd.models.model import Model


@dataclass
class TrainingState:
    """What changes while training; a checkpoint holds it.

    Attributes:
        epoch: epochs that are done.
        step: mini-batches that are done; with the seed it decides dropout.
        best_error: lowest validation error so far.
        best_epoch: epoch of that error, from 1.
        best: the model's state at that epoch.
        reports: of all epochs so far.
        duration_s: seconds of training so far, all sessions together.
    """

    epoch: int = 0
    step: int = 0
    best_error: float = math.inf
    best_epoch: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    reports: list[EpochReport] = field(default_factory=list)
    duration_s: float = 0.0


def copy_state(model: Model) -> dict[str, Any]:
    """The model's state as it is now: tensors, and whatever else a module keeps (``get_extra_state``)."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else copy.deepcopy(value)
        for name, value in model.state_dict().items()
    }
