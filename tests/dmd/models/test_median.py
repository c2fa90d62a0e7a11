"""The constant predictor: the training median, and the score that a failed trial gets."""

from __future__ import annotations

import torch

from dmd.data.dataset.batches import Batch
from dmd.data.formats.load import open_dataset
from dmd.dropout import no_dropout
from dmd.job import FoldRef, Job
from dmd.registry import build_model
from dmd.training.run import run_job
from tests.dmd.builders import make_batch, make_dims

DIMS = make_dims()


def test_it_answers_with_the_median_of_the_training_labels() -> None:
    model, batch = build_model("median", {}, DIMS, 0), make_batch(DIMS, 4)
    model.prepare_epoch(1, Batch(batch.features, batch.lengths, torch.tensor([3.0, -1.0, 0.2, 2.0])))
    predicted = model(make_batch(DIMS, 5), no_dropout).prediction
    torch.testing.assert_close(predicted, torch.full((5,), 1.1))


def test_it_scores_as_a_failed_trial_does_and_sees_nothing() -> None:
    dataset = open_dataset("planted:num_videos=6,clips_per_video=5")
    job = Job("median", {}, 1, FoldRef(), scores_test=True)
    result = run_job(job, dataset, lambda report: True)
    assert result.test == result.fallback_test
    assert result.num_parameters == 0
    assert len(result.epochs) == 1
    assert build_model("median", {}, DIMS, 0).reads == ()
