"""Test labels cannot be reached before training has ended, and only once; standardisation sees training rows alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.partition import Partition
from dmd.data.samples.arrays import CLIP
from dmd.errors import DmdError, LabelsSealed
from dmd.job import FoldRef
from dmd.modalities import MODALITIES
from tests.dmd.data_builders import Finished, Stopped, load_arrays, npz_arrays

FOLDS = [FoldRef(), FoldRef("file", fold=1), FoldRef("group", k=3, fold=0)]


def public_arrays(value: object, depth: int = 5) -> Iterator[np.ndarray]:
    """Every array that public attributes of ``value`` lead to."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth and isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from public_arrays(item, depth - 1)
    elif depth and type(value).__module__.startswith("dmd."):
        for name in dir(value):
            if not name.startswith("_") and not callable(getattr(value, name)):
                yield from public_arrays(getattr(value, name), depth - 1)


def test_labels_of_the_whole_file_or_of_the_test_part_are_on_no_public_attribute(tmp_path: Path) -> None:
    arrays = npz_arrays()
    dataset = load_arrays(tmp_path, arrays)
    parts = dataset.partition(FoldRef())
    found = [array for value in (dataset, parts, parts.test) for array in public_arrays(value)]
    assert any(np.array_equal(array, arrays["valid/labels"]) for array in found), "the walk must find what is public"
    everything = np.concatenate([arrays[f"{split}/labels"] for split in ("train", "valid", "test")])
    for secret in (arrays["test/labels"], everything):
        assert not any(array.size >= secret.size and np.isin(secret, array).all() for array in found if array.ndim == 1)
    assert str(everything[0]) not in repr(dataset)


def test_scoring_wants_a_finished_training_and_works_once(tmp_path: Path) -> None:
    test = load_arrays(tmp_path, npz_arrays()).partition(FoldRef()).test
    guesses = np.zeros(len(test), dtype=np.float32)
    with pytest.raises(LabelsSealed, match="not final"):
        test.score(guesses, Stopped())
    test.score(guesses, Finished())
    with pytest.raises(LabelsSealed, match="scored before"):
        test.score(guesses, Finished())


def test_the_score_holds_metrics_predictions_and_the_fallback(tmp_path: Path) -> None:
    arrays = npz_arrays()
    test = load_arrays(tmp_path, arrays).partition(FoldRef()).test
    guesses = np.linspace(-1, 1, 6, dtype=np.float32)
    score = test.score(guesses, Finished())
    labels = arrays["test/labels"].astype(np.float64)
    assert score.metrics["mae"] == pytest.approx(np.abs(guesses - labels).mean())
    assert score.fallback["mae"] == pytest.approx(np.abs(np.median(arrays["train/labels"]) - labels).mean())
    assert score.fallback_value == np.median(arrays["train/labels"])
    assert score.predictions.ids == tuple(arrays["test/id"])
    assert score.predictions.groups == tuple(arrays["test/video"])
    assert np.array_equal(score.predictions.labels, arrays["test/labels"])
    assert np.array_equal(score.predictions.values, guesses)


def test_the_fallback_needs_no_finished_training_and_leaves_the_seal_whole(tmp_path: Path) -> None:
    test = load_arrays(tmp_path, npz_arrays()).partition(FoldRef()).test
    before = test.score_fallback()
    assert test.score(np.zeros(len(test), dtype=np.float32), Finished()).fallback == before


@pytest.mark.parametrize("guesses", [np.zeros(5), np.zeros((6, 1)), np.array([0, 1, np.nan, 0, 0, 0])])
def test_predictions_that_do_not_fit_are_refused_without_using_up_the_score(
    tmp_path: Path, guesses: np.ndarray
) -> None:
    test = load_arrays(tmp_path, npz_arrays()).partition(FoldRef()).test
    with pytest.raises(DmdError, match="predictions"):
        test.score(guesses, Finished())
    test.score(np.zeros(6, dtype=np.float32), Finished())


def parts_without_test(dataset: Dataset, fold: FoldRef) -> list[np.ndarray]:
    parts: Partition = dataset.partition(fold)
    features = [s.values for part in (parts.train, parts.valid) for s in part.inputs.sequences.values()]
    return [parts.train.labels, parts.valid.labels, *features]


@pytest.mark.parametrize("fold", FOLDS)
def test_training_and_validation_parts_know_nothing_of_the_test_part(tmp_path: Path, fold: FoldRef) -> None:
    arrays = npz_arrays()
    dataset = load_arrays(tmp_path, arrays)
    tested = set(dataset.partition(fold).test.inputs.ids)
    changed = npz_arrays()
    for split in ("train", "valid", "test"):
        rows = np.isin(changed[f"{split}/id"], sorted(tested))
        changed[f"{split}/labels"][rows] *= -1
        changed[f"{split}/text"][rows] *= 100
    other = load_arrays(tmp_path, changed)
    assert other.content_hash != dataset.content_hash
    for ours, theirs in zip(parts_without_test(dataset, fold), parts_without_test(other, fold), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("fold", FOLDS)
def test_the_training_part_is_standardised_by_its_own_real_steps(tmp_path: Path, fold: FoldRef) -> None:
    arrays = npz_arrays()
    for split in ("train", "valid", "test"):
        arrays[f"{split}/audio"][:, :, 1] = (arrays[f"{split}/audio"][:, :, 0] != 0) * 7.0  # constant where real
    parts = load_arrays(tmp_path, arrays).partition(fold)
    for modality in MODALITIES:
        part = parts.train.inputs.sequences[modality]
        real = part.values[np.arange(part.values.shape[1]) >= part.values.shape[1] - part.lengths[:, None]]
        assert np.allclose(real.mean(axis=0), 0.0, atol=1e-5)
        expected = [1.0, 0.0] if modality == "audio" else [1.0] * real.shape[1]
        assert np.allclose(real.std(axis=0), expected, atol=1e-4)


def test_outliers_are_clipped_and_padding_stays_exactly_zero(tmp_path: Path) -> None:
    arrays = npz_arrays()
    arrays["test/audio"][0, -1] = 1e6
    parts = load_arrays(tmp_path, arrays).partition(FoldRef())
    for inputs in (parts.train.inputs, parts.valid.inputs, parts.test.inputs):
        for part in inputs.sequences.values():
            assert not part.values[np.arange(part.values.shape[1]) < part.values.shape[1] - part.lengths[:, None]].any()
            assert np.abs(part.values).max() <= CLIP
    audio = parts.test.inputs.sequences["audio"]
    assert audio.values[0, -1].tolist() == [CLIP, CLIP]
