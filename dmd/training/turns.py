"""Who trains what in a step: one optimiser for everything, or one for each phase that a method declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from dmd.models.model import Model, ParameterGroup
from dmd.training.config import TrainingConfig
from dmd.training.optimiser import ClippedAdam


@dataclass(frozen=True)
class Turn:
    """One optimiser's turn in every step, with its schedule.

    Attributes:
        phase: as the model knows it; empty where there is one turn.
        parameters: that it trains; empty for a method without gradients.
        optimiser: of them; None where there are none.
        schedule: of its learning rate; None where there is no optimiser, or nothing changes the rate.
    """

    phase: str
    parameters: tuple[nn.Parameter, ...]
    optimiser: ClippedAdam | None
    schedule: torch.optim.lr_scheduler.ReduceLROnPlateau | None

    @property
    def learning_rate(self) -> float:
        return self.optimiser.param_groups[0]["lr"] if self.optimiser is not None else 0.0

    def state(self) -> dict[str, Any]:
        """What a continued run needs."""
        parts = {"optimiser": self.optimiser, "schedule": self.schedule}
        return {name: part.state_dict() for name, part in parts.items() if part is not None}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what :meth:`state` gave."""
        if self.optimiser is not None and "optimiser" in state:
            self.optimiser.load_state_dict(state["optimiser"])
        if self.schedule is not None and "schedule" in state:
            self.schedule.load_state_dict(state["schedule"])


def make_turns(model: Model, config: TrainingConfig) -> tuple[Turn, ...]:
    """The turns of a training step, in order; one without an optimiser for a model that has nothing to train."""
    groups = model.parameter_groups(config.learning_rate)
    if not model.phases:
        return (_turn("", groups, config),)
    turns = []
    for phase in model.phases:
        wanted = {id(parameter) for parameter in model.parameters_of(phase)}
        own = [
            ParameterGroup([p for p in group.parameters if id(p) in wanted], group.learning_rate * phase.learning_rate)
            for group in groups
        ]
        turns.append(_turn(phase.name, [group for group in own if group.parameters], config))
    return tuple(turns)


def _turn(phase: str, groups: Sequence[ParameterGroup], config: TrainingConfig) -> Turn:
    parameters = tuple(parameter for group in groups for parameter in group.parameters)
    if not parameters:
        return Turn(phase, (), None, None)
    optimiser = ClippedAdam(groups, config.weight_decay, config.clip)
    if config.plateau.factor == 1:
        # torch has no schedule that changes nothing
        return Turn(phase, parameters, optimiser, None)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=config.plateau.factor, patience=config.plateau.patience
    )
    return Turn(phase, parameters, optimiser, schedule)
