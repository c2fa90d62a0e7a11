"""Label scales are found out, not assumed: what labels speak against [-3, 3] is refused with the line to write."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import load_dataset, open_dataset
from dmd.data.formats.planted import planted_bytes, planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.data.samples.samples import LabelScale
from dmd.data.tables.label_scale import suggest_scale
from dmd.errors import DataError
from tests.dmd.data_builders import Arrays, npz_arrays, write_npz

ROWS = 18


def with_labels(labels: Sequence[float]) -> Arrays:
    """The 18 rows of :func:`npz_arrays` (8, 4, 6) with these labels, over and over."""
    arrays, every = npz_arrays(), np.resize(np.array(labels, dtype=np.float32), ROWS)
    for split, (start, end) in {"train": (0, 8), "valid": (8, 12), "test": (12, 18)}.items():
        arrays[f"{split}/labels"] = every[start:end]
    return arrays


REFUSED: dict[str, tuple[Sequence[float], str, str]] = {
    "CH-SIMS": (np.arange(-5, 6) / 5, "fill [-1, 1], the scale of CH-SIMS", "low: -1, high: 1, neutral: 0"),
    "a subset of CH-SIMS": ([-0.8, 0, 0.2, 0.8], "fill [-1, 1]", "low: -1, high: 1, neutral: 0"),
    "three classes as -1, 0, 1": ([-1, 0, 1], "fill [-1, 1]", "low: -1, high: 1, neutral: 0"),
    "shares": ([0.05, 0.31, 0.77, 0.94], "fill [0, 1]", "low: 0, high: 1, neutral: 0.5"),
    "UR-FUNNY, MUStARD": ([0, 1], "whole numbers from 0 to 1", "low: 0, high: 1, neutral: 0.5"),
    "classes": ([0, 1, 2, 3], "whole numbers from 0 to 3", "low: 0, high: 3, neutral: 1.5"),
    "MMMO": ([1, 2, 3, 4, 5], "row 3 is 4.0, must be in [-3, 3]", "low: 1, high: 5, neutral: 3"),
    "POM": ([1.2, 4, 6.8], "row 1 is 4.0, must be in [-3, 3]", "low: 1, high: 7, neutral: 4"),
    "per cent": ([-100, 20, 66.7], "row 0 is -100.0", "low: -100, high: 100, neutral: 0"),
    "0 to 10": ([0, 2.5, 10], "row 2 is 10.0", "low: 0, high: 10, neutral: 5"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_labels_that_speak_for_another_scale_are_refused_with_the_line_to_write(tmp_path: Path, name: str) -> None:
    labels, found, line = REFUSED[name]
    path = write_npz(tmp_path, with_labels(labels))
    with pytest.raises(DataError) as caught:
        load_dataset(path)
    message = str(caught.value)
    assert found in message
    assert f"`data.label_scale: {{{line}}}`" in message
    assert f"--label-scale={','.join(part.split(': ')[1] for part in line.split(', '))}" in message
    low, high, neutral = (float(part.split(": ")[1]) for part in line.split(", "))
    scale = LabelScale(low, high, neutral)
    assert load_dataset(path, Declared(scale=scale)).scale == scale, "what is asked for is then accepted"


ACCEPTED: dict[str, Sequence[float]] = {
    "sentiment": (-3, -1.2, 0.4, 2.8),
    "narrow sentiment": (-1.4, -0.2, 0.4, 1.2),
    "near zero": (-0.6, -0.2, 0, 0.4),
    "one side of -1 to 1": (-1, -0.8, 0, 0.2),
    "whole numbers on both sides": (-2, -1, 0, 1, 2),
    "mostly positive": (-0.2, 1, 2, 3),
    "emotions of MOSEI, in thirds": (0, 1 / 3, 2 / 3, 1, 2, 8 / 3),
    "all the same": (1,),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_labels_that_may_be_sentiment_are_taken_for_it(tmp_path: Path, name: str) -> None:
    assert load_dataset(write_npz(tmp_path, with_labels(ACCEPTED[name]))).scale == LabelScale(-3, 3, 0)


def test_a_declared_scale_is_believed_by_whomever_it_is_declared(tmp_path: Path) -> None:
    arrays = with_labels([0, 1])
    sentiment = LabelScale(-3, 3, 0)
    assert load_dataset(write_npz(tmp_path, arrays), Declared(scale=sentiment)).scale == sentiment
    arrays["label_scale"] = np.array([-3.0, 3.0, 0.0])
    assert load_dataset(write_npz(tmp_path, arrays)).scale == sentiment
    with pytest.raises(DataError, match=r"row 1 is 1.0, must be in \[-3, 0.5\].*correct the declared label scale"):
        load_dataset(write_npz(tmp_path, arrays), Declared(scale=LabelScale(-3, 0.5, 0)))


def test_few_labels_may_lie_anywhere_and_planted_data_always_may(tmp_path: Path) -> None:
    content = planted_dataset(PlantedSpec(num_videos=3, clips_per_video=3))
    for table in content.values():
        table["regression_labels"] = np.array([-1.0, 0.2, 1.0])
    (tmp_path / "few.pkl").write_bytes(pickle.dumps(content))
    assert len(load_dataset(tmp_path / "few.pkl")) == 9
    for seed in range(20):
        assert len(open_dataset(f"planted:seed={seed},num_videos=4,clips_per_video=3")) == 12
        (tmp_path / "made.pkl").write_bytes(planted_bytes(PlantedSpec(seed=seed, num_videos=4, clips_per_video=3)))
        assert len(load_dataset(tmp_path / "made.pkl")) == 12


def test_labels_out_of_range_and_other_problems_are_told_together(tmp_path: Path) -> None:
    arrays = with_labels([1, 5])
    arrays["train/audio"] = arrays["train/audio"][:, :, 0]
    with pytest.raises(DataError) as caught:
        load_dataset(write_npz(tmp_path, arrays))
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["train/labels", "valid/labels", "test/labels", "train/audio"]


def test_labels_without_a_value_are_named_and_suggest_nothing_odd(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 0 is nan, must be in \[-3, 3\]"):
        load_dataset(write_npz(tmp_path, with_labels([np.nan])))
    assert suggest_scale(np.array([np.nan, np.inf], dtype=np.float32)) == LabelScale(-3, 3, 0)
    assert suggest_scale(np.array([0.1, 0.9], dtype=np.float32)) == LabelScale(0, 1, 0.5)
    assert suggest_scale(np.array([2, 2], dtype=np.float32)) == LabelScale(2, 3, 2.5)
