"""A whole training run for every kind of target, with the constant predictor and a module of one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dmd.data.formats.load import open_dataset
from dmd.data.samples.target import Target
from dmd.declaration.dims import Dims
from dmd.job import FoldRef, Job, JobResult
from dmd.losses.task import Task
from dmd.modalities import MODALITIES
from dmd.training.label_units import label_unit
from dmd.training.run import run_job
from dmd.training.training_part import typical_output
from tests.dmd.builders import make_batch
from tests.dmd.data.formats.test_labels import CLASSES, ONE_HOT, QUESTIONS, write

SEVERAL = Target("several", ("all", "audio"))


def run(path: Path, **settings: str | int) -> JobResult:
    return run_job(
        Job("median", settings, 1, FoldRef(), scores_test=True), open_dataset(str(path)), lambda report: True
    )


def test_the_constant_predictor_is_its_own_fallback(tmp_path: Path) -> None:
    for name, labels, target in (("c", [0, 2, 1, 2], CLASSES), ("b", ONE_HOT, QUESTIONS)):
        path = write(tmp_path / f"{name}.npz", labels, target_kind=target.kind, target_names=target.names)
        result = run(path)
        assert result.test is not None and result.fallback_test is not None and result.test_predictions is not None
        assert dict(result.test) == pytest.approx(dict(result.fallback_test), abs=1e-6)
        assert result.fallback_value == (0.25, 0.25, 0.5)
        np.testing.assert_allclose(result.test_predictions.values, [[0.25, 0.25, 0.5]] * 4, atol=1e-6)
        assert result.best_epoch == 1 and "nll" in result.valid


def test_epochs_are_compared_by_the_likelihood_over_batches_where_the_published_code_does(tmp_path: Path) -> None:
    path = write(tmp_path / "c.npz", [0, 2, 1, 2], target_kind="classes", target_names=CLASSES.names)
    result = run(path, selection="batches", batch_size=4)
    metrics = result.epochs[0].metrics
    assert metrics["valid/batch_nll"] == pytest.approx(metrics["valid/nll"], abs=1e-4)


def test_epochs_may_be_compared_by_the_share_of_wrong_answers(tmp_path: Path) -> None:
    path = write(tmp_path / "c.npz", [0, 2, 1, 2], target_kind="classes", target_names=CLASSES.names)
    assert run(path, selection="answers").epochs[0].metrics["valid/error_rate"] == 0.5


def test_logits_become_probabilities() -> None:
    logits = torch.tensor([[0.0, np.log(3.0), 0.0]])
    assert label_unit(CLASSES).read(logits).tolist() == [pytest.approx([0.2, 0.6, 0.2])]
    assert label_unit(QUESTIONS).read(logits).tolist() == [pytest.approx([0.5, 0.75, 0.5])]
    assert label_unit(Target()).read(logits) is logits


def test_heads_may_start_at_what_is_typical() -> None:
    batch = make_batch(Dims(dict.fromkeys(MODALITIES, 3), dict.fromkeys(MODALITIES, 4)), 4)
    labels = torch.tensor([0.0, 2.0, 1.0, 2.0])
    start = typical_output(replace(batch, labels=labels, task=Task(CLASSES)))
    assert start.softmax(0).tolist() == pytest.approx([0.25, 0.25, 0.5])
    several = replace(batch, labels=torch.tensor([[0.0, 1], [2, 3], [4, 5], [9, 9]]), task=Task(SEVERAL))
    assert typical_output(several).tolist() == [3, 4]
    questions = replace(batch, labels=torch.tensor([[1.0, 0], [0, 0], [0, 0], [0, 1]]), task=Task(QUESTIONS))
    assert typical_output(questions).sigmoid().tolist() == pytest.approx([0.25, 0.25])
