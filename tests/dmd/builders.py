"""Small inputs for the model tests: random batches of any shape, and the settings of a tiny DMD."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dmd.data.dataset.batches import Batch
from dmd.data.samples.arrays import Side
from dmd.data.samples.target import SENTIMENT_TARGET, Target
from dmd.declaration.dims import Dims
from dmd.job import Setting
from dmd.losses.task import Task
from dmd.modalities import MODALITIES

TINY: dict[str, Setting] = {"width": 8, "heads": 2, "levels": 1, "gd.size_homo": 4, "gd.size_hetero": 4}
TINY |= {f"kernel.{m}": 2 for m in MODALITIES}

# every combination of components that means something: 8 with FD, 3 without
FEASIBLE = [
    {"fd": True, "homo_gd": homo, "ca": ca, "hetero_gd": hetero}
    for homo in (True, False)
    for ca in (True, False)
    for hetero in (True, False)
] + [
    {"fd": False, "homo_gd": False, "ca": ca, "hetero_gd": hetero}
    for ca, hetero in ((False, False), (True, False), (True, True))
]


TARGETS = {
    "classes": Target("classes", ("happy", "sad", "angry")),
    "binaries": Target("binaries", ("happy", "sad", "angry", "calm")),
    "several": Target("several", ("all", "language", "vision")),
}
"""One of each kind beside the single number."""


def make_dims(
    widths: Sequence[int] = (5, 3, 4), steps: Sequence[int] = (6, 7, 5), target: Target = SENTIMENT_TARGET
) -> Dims:
    return Dims(dict(zip(MODALITIES, widths, strict=True)), dict(zip(MODALITIES, steps, strict=True)), target)


def make_batch(dims: Dims, size: int = 6, seed: int = 0, *, full: bool = False, side: Side = "start") -> Batch:
    """A batch with its real steps at ``side``; numbers lie on the 0.2 grid so that classes repeat."""
    generator = torch.Generator().manual_seed(seed)
    features, lengths = {}, {}
    for m in MODALITIES:
        steps = dims.max_steps[m]
        lengths[m] = torch.full((size,), steps) if full else torch.randint(1, steps + 1, (size,), generator=generator)
        x = torch.randn(size, steps, dims.widths[m], generator=generator)
        offsets = torch.arange(steps) if side == "start" else torch.arange(steps).flip(0)
        features[m] = x * (offsets < lengths[m][:, None]).unsqueeze(-1)
    labels = _labels(dims.target, size, generator)
    return Batch(features, lengths, labels, sides=dict.fromkeys(MODALITIES, side), task=Task(dims.target))


def _labels(target: Target, size: int, generator: torch.Generator) -> Tensor:
    """(B,) or (B, K), whatever the kind asks for."""
    shape = (size, *target.label_columns)
    if target.is_numeric:
        return torch.randint(-15, 16, shape, generator=generator) / 5
    most = target.num_outputs if target.kind == "classes" else 2
    return torch.randint(0, most, shape, generator=generator).float()
