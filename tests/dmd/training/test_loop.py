"""The loop that every number comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from dmd.data.dataset.batches import Batch
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.errors import ConfigurationError, TrainingDiverged
from dmd.job import Checkpointing, EpochReport, Setting
from dmd.metrics.sentiment import metric_names
from dmd.random_streams import numpy_generator
from dmd.registry import build_model
from dmd.scoring import Scoring
from dmd.settings import build_config
from dmd.training.checkpoint import decode_state, take_up_state
from dmd.training.config import TrainingConfig
from dmd.training.evaluate import predict
from dmd.training.label_units import LabelUnit
from dmd.training.loop import Trained, train
from dmd.training.selection import batch_error
from orchestration.process.atomic_files import write_whole
from tests.dmd.builders import TINY, make_batch, make_dims

DIMS = make_dims()
SCORING = Scoring(Target(), metric_names(LabelScale()))


def fit(
    *,
    model: str = "dmd",
    stop_after: int | None = None,
    directory: Path | None = None,
    train_part: Batch | None = None,
    seed: int = 1,
    settings: Mapping[str, Setting] = {},
    **training: float | bool | str,
) -> Trained:
    config = build_config(TrainingConfig, {"learning_rate": 1e-2, "batch_size": 4, "max_epochs": 4} | training, "test")
    built = build_model(model, {**(TINY if model == "dmd" else {}), **settings}, DIMS, seed)

    def on_epoch(report: EpochReport) -> bool:
        return stop_after is None or report.epoch < stop_after

    return train(
        built,
        train_part or make_batch(DIMS, 18, 1),
        make_batch(DIMS, 9, 2),
        config,
        SCORING,
        seed,
        on_epoch,
        None if directory is None else Checkpointing(directory, write_whole),
    )


def curve(trained: Trained) -> list[dict[str, float]]:
    return [dict(report.metrics) for report in trained.reports]


def test_same_seed_same_numbers_and_another_seed_others() -> None:
    assert curve(fit()) == curve(fit())
    assert curve(fit()) != curve(fit(seed=2))


@pytest.mark.parametrize(("cut", "projection"), [(1, "conv"), (3, "conv"), (2, "lstm")])
def test_a_continued_trial_equals_an_uninterrupted_one_bit_for_bit(tmp_path: Path, cut: int, projection: str) -> None:
    settings: dict[str, Setting] = {"projection.language": projection}
    whole = fit(settings=settings)
    fit(stop_after=cut, directory=tmp_path, settings=settings)
    continued = fit(directory=tmp_path, settings=settings)
    assert curve(continued) == curve(whole)
    assert continued.best_epoch == whole.best_epoch
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, continued.model.state_dict()[name]), name


def test_a_finished_trial_keeps_its_best_weights_once_and_trains_no_more(tmp_path: Path) -> None:
    first = fit(directory=tmp_path)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    weights = sum(value.numel() * value.element_size() for value in first.model.state_dict().values())
    assert weights < size < 2 * weights + 50_000  # neither a second copy of the weights nor the optimiser's two
    again = fit(directory=tmp_path)
    assert curve(again) == curve(first)
    assert again.duration_s == first.duration_s
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name


def test_result_has_the_weights_of_the_best_validation_epoch() -> None:
    trained = fit(max_epochs=50, patience=3, learning_rate=0.1)
    errors = [report.metrics["valid/mae"] for report in trained.reports]
    assert trained.best_epoch == errors.index(min(errors)) + 1 < len(errors)
    valid = make_batch(DIMS, 9, 2)
    assert valid.labels is not None
    error = abs(predict(trained.model, valid, LabelUnit()) - valid.labels.numpy()).mean()
    assert error == pytest.approx(min(errors), abs=1e-6)


def test_early_stopping_counts_epochs_without_improvement() -> None:
    trained = fit(max_epochs=50, patience=3, learning_rate=0.1)
    assert len(trained.reports) == trained.best_epoch + 3 < 50
    assert trained.is_final


def test_stopping_from_outside_is_not_final() -> None:
    trained = fit(stop_after=2)
    assert len(trained.reports) == 2
    assert not trained.is_final


def test_plateau_lowers_the_learning_rate() -> None:
    rates = [
        r.metrics["learning_rate"] for r in fit(max_epochs=8, **{"plateau.patience": 0}, learning_rate=0.3).reports
    ]
    assert min(rates) < 0.3
    assert all(math.log2(0.3 / rate) == pytest.approx(round(math.log2(0.3 / rate))) for rate in rates)


def test_a_factor_of_one_leaves_the_rate_as_it_is(tmp_path: Path) -> None:
    settings = {"max_epochs": 8, "plateau.patience": 0, "plateau.factor": 1.0, "learning_rate": 0.3}
    whole = fit(**settings)
    assert {r.metrics["learning_rate"] for r in whole.reports} == {0.3}
    fit(**settings, stop_after=2, directory=tmp_path)
    assert curve(fit(**settings, directory=tmp_path)) == curve(whole)


def test_a_non_finite_loss_names_its_epoch() -> None:
    broken = make_batch(DIMS, 18, 1)
    broken.features["audio"][3, 0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match="non-finite in epoch 1"):
        fit(train_part=broken)


def test_averaged_accumulation_equals_one_large_batch() -> None:
    """Only where the loss is a mean over samples: ridge has no gradient, so DMD's task term alone is used."""
    settings = {**TINY, "lambda1": 0.0, "lambda2": 0.0, "dropout.output": 0.0, "dropout.text": 0.0}
    settings |= {"dropout.embed": 0.0, "dropout.attention.language": 0.0, "dropout.attention.audio": 0.0}
    part, valid = make_batch(DIMS, 16, 1), make_batch(DIMS, 9, 2)

    def states(**training: float | bool | str) -> dict[str, torch.Tensor]:
        config = build_config(TrainingConfig, {"max_epochs": 1, "clip.kind": "none", **training}, "test")
        model = build_model("dmd", settings, DIMS, 0).double()
        double = Batch({m: x.double() for m, x in part.features.items()}, part.lengths, part.labels)
        double_valid = Batch({m: x.double() for m, x in valid.features.items()}, valid.lengths, valid.labels)
        return dict(train(model, double, double_valid, config, SCORING, 0, lambda report: True).model.state_dict())

    large = states(batch_size=16)
    small = states(batch_size=4, **{"accumulation.steps": 4, "accumulation.average": True})
    for name, value in large.items():
        torch.testing.assert_close(small[name], value, atol=1e-9, rtol=0, msg=name)


def test_a_dropped_rest_does_no_step(tmp_path: Path) -> None:
    # 18 items: five mini-batches of 4, so a step of three and a rest of two
    for flush_last, num_steps in ((True, 2), (False, 1)):
        directory = tmp_path / str(flush_last)
        settings = {"accumulation.steps": 3, "accumulation.flush_last": flush_last}
        fit(max_epochs=1, patience=2, stop_after=1, directory=directory, **settings)
        content = take_up_state(directory)
        assert content is not None
        optimiser = decode_state(content)["turns"][0]["optimiser"]
        assert {int(values["step"]) for values in optimiser["state"].values()} == {num_steps}


def test_training_means_are_over_the_items_that_were_looked_at() -> None:
    """At a learning rate of almost zero every item's loss stays what it was, whichever items are dropped."""
    rates = {f"dropout.{name}": 0.0 for name in ("text", "embed", "output")}
    rates |= {f"dropout.attention.{m}": 0.0 for m in ("language", "audio")}
    part = make_batch(DIMS, 1, 1).take(torch.zeros(18, dtype=torch.int64))

    def losses(**training: float | bool | str) -> float:
        config = build_config(TrainingConfig, {"learning_rate": 1e-12, "batch_size": 4, "max_epochs": 1} | training, "")
        model = build_model("dmd", {**TINY, **rates}, DIMS, 1)
        return (
            train(model, part, make_batch(DIMS, 9, 2), config, SCORING, 1, lambda r: True)
            .reports[0]
            .metrics["train/loss"]
        )

    dropped = losses(**{"accumulation.steps": 3, "accumulation.flush_last": False})
    assert dropped == pytest.approx(losses(), rel=1e-5)


def test_an_accumulation_that_never_steps_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"steps is 6, but an epoch has 5 mini-batches \(18 training items\)"):
        fit(**{"accumulation.steps": 6, "accumulation.flush_last": False})
    assert fit(max_epochs=1, **{"accumulation.steps": 6}).reports


def test_selection_over_batches_weighs_a_small_last_batch_as_the_published_code_does() -> None:
    trained = fit(max_epochs=3, selection="batches")
    for report in trained.reports:
        errors = report.metrics["valid/batch_mae"]
        assert errors == round(errors, 4)
        assert errors != pytest.approx(report.metrics["valid/mae"], abs=1e-5)
    errors = [report.metrics["valid/batch_mae"] for report in trained.reports]
    assert trained.best_epoch == errors.index(min(errors)) + 1
    assert "valid/batch_mae" not in fit(max_epochs=1).reports[0].metrics


def test_the_error_over_batches_by_hand() -> None:
    errors = np.array([0.0, 1.0, 2.0, 4.0, 8.0])
    order = numpy_generator(3, "selection", 2).permutation(5)
    a, b, c, d, e = errors[order]
    expected = ((a + b) / 2 + (c + d) / 2 + e) / 3
    assert batch_error(errors, 2, 3, 2) == round(float(expected), 4)
    assert batch_error(errors, 5, 3, 2) == 3.0


def test_validation_metrics_are_sample_weighted() -> None:
    trained = fit(max_epochs=1)
    valid = make_batch(DIMS, 9, 2)
    assert valid.labels is not None
    by_hand = abs(predict(trained.model, valid, LabelUnit()) - valid.labels.numpy()).mean()
    assert trained.reports[0].metrics["valid/mae"] == pytest.approx(float(by_hand), rel=1e-6)
