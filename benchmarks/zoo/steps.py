"""A training step of any method, and what it costs in processor time of one thread.

A step is forward, all losses, backward, clipping and Adam, at batch 16 and full length. Beside each stands a product of
1024-cubes in float32: what a step costs in products depends little on the machine and on who else works on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import quantiles

import torch

from benchmarks.step_time import BATCH, SHAPES, Shape, dims_of, make_batch, training_step
from dmd.job import Setting
from dmd.modalities import MODALITIES
from dmd.registry import METHODS, build_model
from dmd.training.optimiser import ClippedAdam
from dmd.training.run import count_parameters, split_settings

STEP_SHAPES: Mapping[str, Shape] = {"ten": SHAPES["context10"], "fifty": SHAPES["aligned50"]}
"""Ten steps as wide as the file ``mosi_heldout_ctx10``; fifty as wide as MMSA's aligned MOSI."""
PUBLISHED = "mmsa_mosi"
CUBE = 1024


@dataclass(frozen=True)
class Trainee:
    """A model with the optimiser that its settings ask for, and one batch.

    Attributes:
        step: trains once, given the number of the step.
        parameters: trainable scalars.
    """

    step: Callable[[int], None]
    parameters: int


def published_preset(name: str) -> str | None:
    """The preset that the field's package publishes for MOSI; without one, the method's first; without any, none."""
    presets = METHODS[name].presets
    return PUBLISHED if PUBLISHED in presets else next(iter(presets), None)


def make_trainee(name: str, preset: str | None, shape: Shape) -> Trainee:
    """A method at its preset on random sequences of full length, whose gradients step after every batch."""
    chosen: dict[str, Setting] = {} if preset is None else {"preset": preset}
    settings = split_settings(name, chosen)
    model = build_model(name, settings.settings, dims_of(shape), 0)
    training, align = settings.training, settings.inputs.align
    optimiser = ClippedAdam(model.parameter_groups(training.learning_rate), training.weight_decay, training.clip)
    sides = dict.fromkeys(MODALITIES, "start" if align == "file" else align)
    batch = replace(make_batch(shape, "cpu"), sides=sides, rows=torch.arange(BATCH), epoch=1)
    model.train()
    return Trainee(training_step(model, optimiser, batch), count_parameters(model))


class Product:
    """The yardstick: one product of 1024-cubes."""

    def __init__(self) -> None:
        self._left, self._right = torch.randn(CUBE, CUBE), torch.randn(CUBE, CUBE)

    def seconds(self) -> float:
        """Of one."""
        return processor_seconds(lambda: self._left @ self._right)


def processor_seconds(action: Callable[[], object]) -> float:
    """What one call takes of the processor."""
    started = time.process_time()
    action()
    return time.process_time() - started


def lower_quartile(seconds: list[float]) -> float:
    """What others do on the machine only adds to a step, and its least is luck."""
    return quantiles(seconds, n=4)[0]
