"""Every method that is trained runs on aligned files and on those whose modalities have lengths of their own."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import open_dataset
from dmd.job import FoldRef, Job, Setting
from dmd.registry import METHODS
from dmd.settings import fields_of
from dmd.training.run import run_job
from tests.dmd.baselines.test_every_method import SMALL, TRAINED

SHAPES = {
    "aligned": "language_steps=5,audio_steps=5,vision_steps=5",
    "more steps than words": "language_steps=4,audio_steps=9,vision_steps=7",
    "fewer steps than words": "language_steps=8,audio_steps=4,vision_steps=5",
}
EQUALISERS = [
    (name, equaliser)
    for name in TRAINED
    for equaliser in (
        ("pool", "ctc") if "equal_lengths" in {part.name for part in fields_of(METHODS[name].settings)} else (None,)
    )
]


@functools.cache
def planted(shape: str) -> Dataset:
    return open_dataset(f"planted:num_videos=6,clips_per_video=3,{SHAPES[shape]}", Path())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("name", "equaliser"), EQUALISERS)
def test_it_runs_on(shape: str, name: str, equaliser: str | None) -> None:
    settings: dict[str, Setting] = {**SMALL.get(name, {}), "batch_size": 6, "max_epochs": 1}
    if equaliser is not None:
        settings["equal_lengths"] = equaliser
    done = run_job(Job(name, settings, 1, FoldRef(), scores_test=True), planted(shape), lambda _: True)
    assert done.test is not None
    assert math.isfinite(done.test["mae"])
