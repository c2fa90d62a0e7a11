"""What a finished trial leaves: a file that any PyTorch reads, and that predicts what the trial has predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import open_dataset
from dmd.job import WEIGHTS_FILE, Checkpointing, FoldRef, Job, JobResult, Setting
from dmd.registry import METHODS
from dmd.training.checkpoint import encode_state
from dmd.training.run import run_job
from dmd.training.trained_model import TrainedModel
from dmd.training.weights import TrainedWeights, WeightsRefused, decode_weights
from orchestration.process.atomic_files import write_whole

SIZE = "num_videos=6,clips_per_video=4"
UNALIGNED = f"planted:{SIZE}"
ALIGNED = f"planted:{SIZE},language_steps=12,audio_steps=12,vision_steps=12"
SMALL: dict[str, dict[str, Setting]] = {
    "dmd": {"width": 8, "heads": 2, "levels": 1, "max_epochs": 1, "gd.size_homo": 4},
    "ridge": {},
    "lf_lstm": {"hidden.language": 4, "hidden.audio": 4, "hidden.vision": 4, "fusion": 4, "max_epochs": 1},
}
PROVENANCE = {"code": "abc", "torch": "2.0"}


def train(
    method: str,
    data: str,
    directory: Path,
    keeps: bool = True,
    provenance: Mapping[str, str] = {},
) -> tuple[JobResult, Dataset]:
    dataset = open_dataset(data)
    job = Job(method, SMALL[method], 3, FoldRef(), scores_test=True, keeps_weights=keeps, provenance=provenance)
    return run_job(job, dataset, lambda report: True, Checkpointing(directory, write_whole)), dataset


def stored_in(directory: Path) -> TrainedWeights:
    return decode_weights((directory / WEIGHTS_FILE).read_bytes(), WEIGHTS_FILE)


@pytest.mark.parametrize("data", [ALIGNED, UNALIGNED], ids=["aligned", "unaligned"])
@pytest.mark.parametrize("method", SMALL)
def test_stored_weights_predict_what_the_trial_has_predicted(tmp_path: Path, method: str, data: str) -> None:
    result, dataset = train(method, data, tmp_path)
    assert result.test_predictions is not None
    predicted = dict(zip(dataset.ids, TrainedModel(stored_in(tmp_path), dataset).predict().tolist(), strict=True))
    expected = dict(zip(result.test_predictions.ids, result.test_predictions.values.tolist(), strict=True))
    assert len(expected) > 3
    assert {name: predicted[name] for name in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.long
@pytest.mark.parametrize("method", sorted(METHODS.keys() - SMALL.keys()))
def test_stored_weights_of_every_other_method_predict_the_same(tmp_path: Path, method: str) -> None:
    dataset = open_dataset(ALIGNED)
    job = Job(method, {"max_epochs": 1}, 3, FoldRef(), scores_test=True, keeps_weights=True)
    result = run_job(job, dataset, lambda report: True, Checkpointing(tmp_path, write_whole))
    assert result.test_predictions is not None
    predicted = dict(zip(dataset.ids, TrainedModel(stored_in(tmp_path), dataset).predict().tolist(), strict=True))
    expected = dict(zip(result.test_predictions.ids, result.test_predictions.values.tolist(), strict=True))
    assert {name: predicted[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_longer_items_are_refused_where_a_weight_belongs_to_a_step(tmp_path: Path) -> None:
    """DMD's heads read the common features of all steps side by side."""
    _, dataset = train("dmd", UNALIGNED, tmp_path)
    limit = int(dataset.lengths["audio"].max())
    longer = open_dataset(f"planted:{SIZE},audio_steps=40")
    longest = int(longer.lengths["audio"].max())
    assert TrainedModel(stored_in(tmp_path), longer).find_problems() == [
        f"{longer.name}: audio has up to {longest} steps, and dmd has weights for each of the study's {limit}; "
        f"cut the sequences to their last {limit} steps"
    ]
    assert np.isfinite(TrainedModel(stored_in(tmp_path), open_dataset(f"planted:{SIZE},audio_steps=8")).predict()).all()


def test_the_file_says_all_that_predictions_need_and_any_pytorch_reads_it(tmp_path: Path) -> None:
    _, dataset = train("dmd", UNALIGNED, tmp_path, provenance=PROVENANCE)
    content = torch.load(tmp_path / WEIGHTS_FILE, weights_only=True)
    assert (content["method"], content["seed"], content["best_epoch"]) == ("dmd", 3, 1)
    assert (content["settings"]["width"], content["settings"]["lambda1"], content["settings"]["align"]) == (
        8,
        0.1,
        "end",
    )
    assert content["label_scale"] == {"low": -3.0, "high": 3.0, "neutral": 0.0}
    assert content["label_unit"] == {"neutral": 0.0, "size": 1.0}
    assert content["widths"] == {"language": 20, "audio": 8, "vision": 12}
    assert content["max_steps"] == {m: int(lengths.max()) for m, lengths in dataset.lengths.items()}
    assert content["provenance"] == {**PROVENANCE, "plugin": ""}
    steps = dataset.real_steps("language", dataset.splits["train"]).astype(np.float64)
    np.testing.assert_allclose(content["standardiser"]["mean"]["language"], steps.mean(0), rtol=1e-5)
    np.testing.assert_allclose(content["standardiser"]["std"]["language"], steps.std(0), rtol=1e-5)


def test_nothing_is_left_where_nothing_is_to_be_kept(tmp_path: Path) -> None:
    train("ridge", UNALIGNED, tmp_path, keeps=False)
    assert not (tmp_path / WEIGHTS_FILE).exists()


def test_an_item_is_predicted_alike_whatever_stands_beside_it(tmp_path: Path) -> None:
    """Also where its neighbours have more steps than any item of the study: lf_lstm has no weight of a step."""
    train("lf_lstm", UNALIGNED, tmp_path)
    stored = stored_in(tmp_path)
    short = open_dataset(f"planted:{SIZE},seed=1,language_steps=6")
    longer = open_dataset(f"planted:{SIZE},seed=1,language_steps=30,audio_steps=40")
    assert longer.lengths["audio"].max() > stored.max_steps["audio"]
    assert np.isfinite(TrainedModel(stored, short).predict()).all()
    values = TrainedModel(stored, longer).predict()
    fits = np.flatnonzero(
        np.all([longer.lengths[m] <= stored.max_steps[m] for m in ("language", "audio", "vision")], axis=0)
    )
    assert 0 < len(fits) < len(longer)
    alone = TrainedModel(stored, open_dataset(f"planted:{SIZE},seed=1,language_steps=30,audio_steps=40"))
    np.testing.assert_allclose(alone._predict(np.isin(np.arange(len(longer)), fits), stored.max_steps), values[fits])


def test_what_does_not_fit_is_named_with_both_numbers(tmp_path: Path) -> None:
    train("lf_lstm", UNALIGNED, tmp_path)
    other = open_dataset(f"planted:{SIZE},language_width=21,vision_width=13")
    assert TrainedModel(stored_in(tmp_path), other).find_problems() == [
        f"{other.name}: {m} has {here} features per step, and the study's models take {there}; "
        "extract it as for the study"
        for m, here, there in (("language", 21, 20), ("vision", 13, 12))
    ]


@pytest.mark.parametrize("content", [b"", b"PK\3\4", encode_state({"version": 1}), encode_state({"version": 2})])
def test_a_file_that_holds_no_weights_is_refused_by_one_line(content: bytes) -> None:
    with pytest.raises(WeightsRefused, match=r"^odd.pt: no weights of this program \(.+\); nothing was executed$"):
        decode_weights(bytes(content), "odd.pt")
