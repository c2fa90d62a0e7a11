"""One method, measured in a process of its own: ``python -m benchmarks.zoo.fresh METHOD ROUNDS``."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass

import torch

from benchmarks.peer_official.cost import peak_mb
from benchmarks.zoo.steps import (
    STEP_SHAPES,
    Product,
    lower_quartile,
    make_trainee,
    processor_seconds,
    published_preset,
)
from dmd.data.formats.load import open_dataset
from dmd.job import EpochReport, FoldRef, Job, Setting
from dmd.kernels.allocator import keep_freed_memory
from dmd.training.run import run_job

WARM_UP = 3
EPOCHS = 3
CLIPS = "planted:num_videos=60,clips_per_video=12"
LIKE_CONTEXT = "language_width=100,audio_width=73,vision_width=100,language_steps=10,audio_steps=10,vision_steps=10"
"""432 clips to train on and 144 to validate on, shaped like ``mosi_heldout_ctx10`` (422 and 115)."""


@dataclass(frozen=True)
class Cost:
    """What a method costs.

    Attributes:
        preset: whose settings it has; None: its defaults.
        parameters: at fifty steps.
        ten, fifty: a training step of that many steps, in products of 1024-cubes.
        peak_mb: resident memory of a process that trains at fifty steps, imports included.
        epochs_per_minute: of processor time, validation included.
    """

    preset: str | None
    parameters: int
    ten: float
    fifty: float
    peak_mb: float
    epochs_per_minute: float


def measure(name: str, rounds: int) -> Cost:
    """Everything of one method; the peak is that of this process, so ask once in each."""
    torch.set_num_threads(1)
    keep_freed_memory()  # as every trial does
    preset = published_preset(name)
    fifty = make_trainee(name, preset, STEP_SHAPES["fifty"])
    for number in range(WARM_UP):
        fifty.step(number)
    peak = peak_mb()
    costs = {shape: _in_products(name, preset, shape, rounds) for shape in STEP_SHAPES}
    return Cost(preset, fifty.parameters, **costs, peak_mb=round(peak), epochs_per_minute=_epochs(name, preset))


def _in_products(name: str, preset: str | None, shape: str, rounds: int) -> float:
    trainee, product = make_trainee(name, preset, STEP_SHAPES[shape]), Product()
    steps, products = [], []
    for number in range(WARM_UP + rounds):
        steps.append(processor_seconds(lambda: trainee.step(number)))  # noqa: B023 (called at once)
        products.append(product.seconds())
    return round(lower_quartile(steps[WARM_UP:]) / lower_quartile(products[WARM_UP:]), 2)


def _epochs(name: str, preset: str | None) -> float:
    """By the loop of a trial; the first epoch, which warms up, does not count."""
    ended: list[float] = []

    def on_epoch(report: EpochReport) -> bool:
        ended.append(time.process_time())
        return True

    settings: dict[str, Setting] = {"max_epochs": EPOCHS}
    if preset is not None:
        settings["preset"] = preset
    run_job(Job(name, settings, 1, FoldRef("official")), open_dataset(f"{CLIPS},{LIKE_CONTEXT}"), on_epoch)
    return round(60 * (EPOCHS - 1) / (ended[-1] - ended[0]), 1)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1], int(sys.argv[2])))))
