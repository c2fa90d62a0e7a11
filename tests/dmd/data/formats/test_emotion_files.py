"""Emotion pickles: MulT's pairs, DecAlign's classes, CH-SIMS's labels of each modality, tensors of torch."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import load_dataset
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.errors import DataError
from dmd.job import FoldRef

EMOTIONS = ("neutral", "happy", "sad", "angry")
SIZES = {"train": 6, "valid": 4, "test": 4}


def features(size: int, lengths: list[int]) -> dict[str, Any]:
    """Left-padded, as MulT's files are."""
    made = {}
    for key, (steps, width) in {"text": (5, 4), "audio": (7, 3), "vision": (6, 2)}.items():
        values = np.random.default_rng(size).random((size, steps, width)) + 1
        for row, length in zip(range(size), lengths * size, strict=False):
            values[row, : steps - length] = 0
        made[key] = values
    return made


def mult(emotion_of: Any = lambda row: row % 4) -> dict[str, dict[str, Any]]:
    """``iemocap_data.pkl``: pairs (no, yes) for each emotion, and no ids."""
    content = {}
    for split, size in SIZES.items():
        labels = np.zeros((size, 4, 2))
        labels[:, :, 0] = 1
        for row in range(size):
            labels[row, emotion_of(row)] = (0, 1)
        content[split] = {"labels": labels, **features(size, [1, 5, 3])}
    return content


def write(folder: Path, content: object) -> Path:
    path = folder / "data.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def test_pairs_are_refused_with_both_forms_to_write_in_the_order_of_mults_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_dataset(write(tmp_path, mult()))
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["train/labels", "valid/labels", "test/labels"]
    for kind in ("classes", "binaries"):
        assert f"`data.target: {{kind: {kind}, names: [neutral, happy, sad, angry]}}`" in lines[0]


@pytest.mark.parametrize("kind", ["classes", "binaries"])
def test_pairs_are_read_as_declared(tmp_path: Path, kind: Any) -> None:
    dataset = load_dataset(write(tmp_path, mult()), Declared(target=Target(kind, EMOTIONS)))
    assert dataset.file_padding == {"language": "left", "audio": "left", "vision": "left"}
    assert dataset.lengths["audio"].tolist() == [1, 5, 3, 1, 5, 3, 1, 5, 3, 1, 1, 5, 3, 1]
    labels = dataset.partition(FoldRef()).train.labels
    expected = [0, 1, 2, 3, 0, 1]
    assert labels.tolist() == (expected if kind == "classes" else np.eye(4)[expected].tolist())
    assert dataset.count_labels() == {0: 4, 1: 4, 2: 3, 3: 3}


def test_a_row_with_two_emotions_is_no_class(tmp_path: Path) -> None:
    content = mult()
    content["train"]["labels"][2, 0] = (0, 1)
    with pytest.raises(DataError, match=r"train/labels: row 2 has 2 of neutral, happy.*write `kind: binaries`"):
        load_dataset(write(tmp_path, content), Declared(target=Target("classes", EMOTIONS)))
    answers = load_dataset(write(tmp_path, content), Declared(target=Target("binaries", EMOTIONS)))
    assert answers.partition(FoldRef()).train.labels[2].tolist() == [1, 0, 1, 0]


def mmsa(**labels: Any) -> dict[str, dict[str, Any]]:
    """MMSA's keys with the given labels: a function of the row of the file, by key."""
    content, start = {}, 0
    for split, size in SIZES.items():
        rows = range(start, start + size)
        content[split] = {
            "id": [f"v{row // 2}$_${row % 2}" for row in rows],
            **{key: np.array([make(row) for row in rows]) for key, make in labels.items()},
            **features(size, [5]),
        }
        start += size
    return content


def test_classes_without_a_sentiment_are_declared_with_their_names(tmp_path: Path) -> None:
    path = write(tmp_path, mmsa(classification_labels=lambda row: row % 4))
    with pytest.raises(
        DataError, match=r"labels are whole numbers from 0 to 3, as indices of classes are.*kind: classes"
    ):
        load_dataset(path)
    dataset = load_dataset(path, Declared(target=Target("classes", EMOTIONS)))
    assert dataset.partition(FoldRef()).train.labels.tolist() == [0, 1, 2, 3, 0, 1]
    assert dataset.groups[:4] == ("v0", "v0", "v1", "v1")


def test_classes_beside_a_sentiment_are_read_by_their_key_and_so_are_words_for_them(tmp_path: Path) -> None:
    names = ("Negative", "Neutral", "Positive")
    path = write(
        tmp_path,
        mmsa(
            regression_labels=lambda row: (row % 3 - 1) * 1.4,
            classification_labels=lambda row: row % 3,
            annotations=lambda row: names[row % 3],
        ),
    )
    assert load_dataset(path).target.kind == "regression"
    for key in ("classification_labels", "annotations"):
        dataset = load_dataset(path, Declared(target=Target("classes", names), label_keys=(key,)))
        assert dataset.partition(FoldRef()).train.labels.tolist() == [0, 1, 2, 0, 1, 2]


SIMS = LabelScale(-1, 1, 0)


def sims() -> dict[str, Any]:
    grades = np.linspace(-1, 1, 14)
    labels = {
        f"regression_labels{tail}": lambda row, tail=tail: grades[row] * len(tail or "abc") / 3
        for tail in ("", "_T", "_A", "_V")
    }
    return mmsa(**labels)


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (("multimodal", "language", "audio", "vision"), ("", "_T", "_A", "_V")),
        (("all", "language", "vision"), ("", "_T", "_V")),
        (("M", "T", "A", "V"), ("", "_T", "_A", "_V")),
    ],
)
def test_labels_of_each_modality_are_read_where_several_are_asked_for(
    tmp_path: Path, names: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    content = sims()
    dataset = load_dataset(write(tmp_path, content), Declared(target=Target("several", names), scale=SIMS))
    expected = [content["train"][f"regression_labels{tail}"] for tail in kept]
    assert np.array_equal(dataset.partition(FoldRef()).train.labels, np.stack(expected, axis=1).astype(np.float32))
    assert not dataset.remarks


def test_what_is_not_read_of_a_file_is_said(tmp_path: Path) -> None:
    content = sims()
    content["train_mix"] = content["train"]
    dataset = load_dataset(write(tmp_path, content), Declared(scale=SIMS))
    assert dataset.target.kind == "regression"
    told = " | ".join(dataset.remarks)
    assert "the file has a part 'train_mix', which is not read" in told
    assert "`data.target: {kind: several, names: [multimodal, language, audio, vision]}` reads them as well" in told


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_tensors_of_torch_are_read_as_their_arrays(tmp_path: Path, dtype: torch.dtype) -> None:
    content = mmsa(regression_labels=lambda row: row * 0.2 - 1.2)
    tensors = {
        split: {key: value if key == "id" else torch.tensor(value).to(dtype) for key, value in table.items()}
        for split, table in content.items()
    }
    torch.save(tensors, tmp_path / "data.pt")
    arrays = {
        split: {key: value if key == "id" else value.double().numpy() for key, value in table.items()}
        for split, table in tensors.items()
    }
    assert load_dataset(tmp_path / "data.pt").content_hash == load_dataset(write(tmp_path, arrays)).content_hash


def test_files_of_old_torch_say_what_to_do(tmp_path: Path) -> None:
    torch.save({"train": torch.zeros(2)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(DataError, match=r"^old.pt: .*save it again with a newer torch$"):
        load_dataset(tmp_path / "old.pt")
