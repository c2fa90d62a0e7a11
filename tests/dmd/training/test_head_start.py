"""Heads that start at the training median."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dmd.job import FoldRef, Job, Setting
from dmd.training.run import run_job
from tests.dmd.builders import TINY
from tests.dmd.data_builders import load_arrays, npz_arrays

STILL: dict[str, Setting] = {**TINY, "learning_rate": 1e-12, "max_epochs": 1}


@pytest.mark.parametrize(
    ("method", "settings"),
    [("dmd", STILL), ("mult", {**STILL, "gd": True}), ("unimodal", STILL)],
    ids=["dmd", "mult", "unimodal"],
)
def test_a_model_that_does_not_move_predicts_around_the_median(
    tmp_path: Path, method: str, settings: dict[str, Setting]
) -> None:
    settings = {name: value for name, value in settings.items() if method == "dmd" or not name.startswith("gd.")}
    arrays = npz_arrays()
    arrays["train/labels"] = np.array([-1, 2.2, 2.4, 2.5, 2.5, 2.6, 3, 3], dtype=np.float32)
    dataset = load_arrays(tmp_path, arrays)
    means = {}
    for start in ("neutral", "median"):
        job = Job(method, {**settings, "head_start": start}, 3, FoldRef(), scores_test=True)
        predictions = run_job(job, dataset, lambda _: True).test_predictions
        assert predictions is not None
        means[start] = float(np.mean(predictions.values))
    assert abs(means["neutral"]) < 1
    assert means["median"] - means["neutral"] == pytest.approx(2.5, abs=0.6)
