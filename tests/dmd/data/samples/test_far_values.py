"""One absurd value silences no column, and a column without one is standardised to the last digit as ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dmd.data.formats.load import convert_dataset, load_dataset
from dmd.data.inspection.inspect import format_summary, inspect_dataset
from dmd.data.samples.far_values import moments_without_far
from dmd.job import FoldRef, Job
from dmd.training.run import run_job
from tests.dmd.data_builders import Arrays, npz_arrays, write_npz
from tests.orchestration.short_studies import make_arrays

RANDOM = np.random.default_rng(1)
NORMAL = RANDOM.normal(size=4000)


def labelled_arrays(per_split: int = 120) -> Arrays:
    """One step per item; the first text column, which is 1.5 times the label and noise, is all that tells of it."""
    random = np.random.default_rng(2)
    return dict(make_arrays({split: random.uniform(-3, 3, per_split) for split in ("train", "valid", "test")}))


def ridge_error(path: Path) -> float:
    result = run_job(Job("ridge", {}, 0, FoldRef(), scores_test=True), load_dataset(path), lambda report: True)
    assert result.test is not None
    return result.test["mae"]


@pytest.mark.parametrize("value", [3e38, -3e38, 1e12, 1e6])
def test_a_column_tells_what_it_told_without_the_value(tmp_path: Path, value: float) -> None:
    arrays = labelled_arrays()
    (tmp_path / "plain").mkdir()
    plain = ridge_error(write_npz(tmp_path / "plain", arrays))
    assert plain < 0.8, "or the column would tell nothing to begin with"
    arrays["train/text"] = arrays["train/text"].astype(np.float32)
    arrays["train/text"][7, 0, 0] = value
    assert ridge_error(write_npz(tmp_path, arrays)) < plain + 0.1


@pytest.mark.parametrize("rows", [[3], [3, 4], [0, 11, 39]])
def test_several_values_are_no_better_than_one(tmp_path: Path, rows: list[int]) -> None:
    arrays = labelled_arrays(per_split=80)
    untouched = load_dataset(write_npz(tmp_path, arrays)).partition(FoldRef())
    arrays["train/text"] = arrays["train/text"].astype(np.float32)
    arrays["train/text"][rows, 0, 0] = np.resize([3e38, -1e30, 1e9], len(rows))
    dataset = load_dataset(write_npz(tmp_path, arrays))
    parts = dataset.partition(FoldRef())
    ours, theirs = (p.valid.inputs.sequences["language"].in_memory[:, 0, 0] for p in (parts, untouched))
    np.testing.assert_allclose(ours, theirs, atol=0.15)
    far = parts.train.inputs.sequences["language"].in_memory[rows, 0, 0]
    assert np.abs(far).tolist() == [5.0] * len(rows), "clipped like everything far out"


def test_inspect_counts_them_and_mapped_files_give_the_same(tmp_path: Path) -> None:
    arrays = npz_arrays()
    for split in ("train", "valid", "test"):
        arrays[f"{split}/vision"] = np.random.default_rng(3).normal(size=(len(arrays[f"{split}/labels"]), 5, 4))
        arrays.pop(f"{split}/lengths")
    arrays["train/vision"][2, 1, 3] = 2e38
    path = write_npz(tmp_path, arrays)
    dataset, mapped = load_dataset(path), convert_dataset(str(path), tmp_path / "mapped")
    for found in (dataset, mapped):
        summary = inspect_dataset(found)
        assert {m: dict(one.far_values) for m, one in summary.modalities.items()} == {
            "language": {},
            "audio": {},
            "vision": {3: 1},
        }
        assert "and clipped: 1, in column 3 (from 0)" in format_summary(summary)
    ours, theirs = (d.partition(FoldRef()).train.inputs.sequences["vision"].in_memory for d in (mapped, dataset))
    assert np.array_equal(ours, theirs)


ORDINARY = {
    "normal": NORMAL,
    "heavy tails": RANDOM.standard_t(2, 4000),
    "log-normal": np.exp(2 * NORMAL),
    "an outlier of 50 standard deviations": np.r_[NORMAL, 50.0],
    "mostly zero": np.where(NORMAL > 1.5, np.exp(NORMAL), 0),
    "almost always zero": np.r_[np.zeros(4000), 0.01, 2.6],
    "one-hot": (np.arange(4000) % 97 == 0).astype(float),
    "one spike": np.r_[np.zeros(4000), 1e6],
    "constant": np.full(100, 7.0),
    "two values": np.array([0.0, 1.0]),
    "one value": np.array([3.0]),
    "a marker": np.where(np.arange(4000) % 3 == 0, -201.0, 30 * NORMAL),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_columns_have_none(name: str) -> None:
    found = moments_without_far(ORDINARY[name])
    assert found.num_far == 0
    assert (found.mean, found.std) == (pytest.approx(ORDINARY[name].mean()), pytest.approx(ORDINARY[name].std()))


@pytest.mark.parametrize("seed", range(3))
def test_without_far_values_the_moments_are_the_plain_ones_to_the_last_digit(tmp_path: Path, seed: int) -> None:
    """Added up one step after the other in float64, as ever: results of files without such values do not change."""
    arrays = npz_arrays(seed)
    dataset = load_dataset(write_npz(tmp_path, arrays))
    train = dataset.partition(FoldRef()).train.inputs.sequences
    for modality, key in (("language", "text"), ("audio", "audio"), ("vision", "vision")):
        steps = np.concatenate(
            [row[5 - n :] for row, n in zip(arrays[f"train/{key}"], arrays["train/lengths"], strict=True)]
        ).astype(np.float64)
        mean = np.add.reduce(np.concatenate([np.zeros((1, steps.shape[1])), steps])) / len(steps)
        squares = np.add.reduce(np.concatenate([np.zeros((1, steps.shape[1])), (steps - mean) ** 2])) / len(steps)
        expected = (steps.astype(np.float32) - mean.astype(np.float32)) / np.sqrt(squares).astype(np.float32)
        held = train[modality]
        found = np.concatenate([row[5 - n :] for row, n in zip(held.in_memory, held.lengths, strict=True)])
        assert np.array_equal(found, np.clip(expected, -5, 5))
