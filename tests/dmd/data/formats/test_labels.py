"""Labels in every form that files have them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.data.samples.samples import LabelScale
from dmd.data.samples.target import Target
from dmd.errors import DataError
from dmd.job import FoldRef

CLASSES = Target("classes", ("angry", "happy", "sad"))
QUESTIONS = Target("binaries", ("angry", "happy", "sad"))
ROWS = 4


def write(path: Path, labels: Any, key: str = "labels", **about: Any) -> Path:
    """The same four labels in each of the three parts."""
    arrays: dict[str, Any] = {name: np.array(value) for name, value in about.items()}
    for split in ("train", "valid", "test"):
        arrays[f"{split}/{key}"] = np.array(labels)
        arrays[f"{split}/id"] = np.array([f"{split}{row}$_$0" for row in range(ROWS)])
        arrays |= {f"{split}/{m}": np.ones((ROWS, 2, 3), np.float32) for m in ("text", "audio", "vision")}
    np.savez(path, **arrays)
    return path


def labels_of(dataset: Dataset) -> list[Any]:
    labels: list[Any] = dataset.partition(FoldRef()).train.labels.tolist()
    return labels


ONE_HOT = [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]
PAIRS = [[[1 - x, x] for x in row] for row in ONE_HOT]


@pytest.mark.parametrize(
    "labels",
    [[0, 2, 1, 2], [0.0, 2.0, 1.0, 2.0], [[0], [2], [1], [2]], ["angry", "sad", "happy", "sad"], ONE_HOT, PAIRS],
)
def test_classes_are_numbers_names_columns_or_pairs(tmp_path: Path, labels: Any) -> None:
    dataset = load_dataset(write(tmp_path / "d.npz", labels), Declared(target=CLASSES))
    assert labels_of(dataset) == [0, 2, 1, 2]
    assert dataset.target == CLASSES
    assert dataset.count_labels() == {0: 3, 1: 3, 2: 6}


@pytest.mark.parametrize("labels", [ONE_HOT, PAIRS])
def test_questions_are_columns_or_pairs(tmp_path: Path, labels: Any) -> None:
    dataset = load_dataset(write(tmp_path / "d.npz", labels), Declared(target=QUESTIONS))
    assert labels_of(dataset) == ONE_HOT
    assert dataset.count_labels() == {0: 3, 1: 3, 2: 6}


def test_several_numbers_may_have_a_key_each(tmp_path: Path) -> None:
    target = Target("several", ("all", "audio"))
    path = write(tmp_path / "d.npz", [[0.5, -1], [1, 1], [-0.5, 0], [0, 0]])
    scale = LabelScale(-1, 1, 0)
    joint = load_dataset(path, Declared(target=target, scale=scale))
    arrays = dict(np.load(path))
    for split in ("train", "valid", "test"):
        both = arrays.pop(f"{split}/labels")
        arrays |= {f"{split}/M": both[:, 0], f"{split}/A": both[:, 1]}
    np.savez(path, **arrays)
    apart = load_dataset(path, Declared(target=target, scale=scale, label_keys=("M", "A")))
    assert labels_of(joint) == labels_of(apart) == [[0.5, -1], [1, 1], [-0.5, 0], [0, 0]]
    assert joint.target == Target("several", ("all", "audio"), scale)
    assert joint.content_hash == apart.content_hash


def test_a_file_may_say_what_its_labels_are(tmp_path: Path) -> None:
    path = write(tmp_path / "d.npz", [0, 2, 1, 2], target_kind="classes", target_names=CLASSES.names)
    assert load_dataset(path).target == CLASSES
    broken = write(tmp_path / "e.npz", [0, 2, 1, 2], target_kind="clases", target_names=CLASSES.names)
    with pytest.raises(DataError, match="kind must be one of"):
        load_dataset(broken)


@pytest.mark.parametrize(
    ("labels", "target", "said"),
    [
        (PAIRS, None, "may be one of 3 classes, or 3 yes-or-no answers"),
        (ONE_HOT, None, "say what the 3 columns are"),
        ([[1, 1, 0], *ONE_HOT[1:]], CLASSES, "row 0 has 2 of angry, happy, sad .* write `kind: binaries`"),
        ([0, 1, 3, 2], CLASSES, "row 2 is 3, which is no number of a class: 3 are named"),
        (["angry", "sad", "bored", "sad"], CLASSES, "has the class 'bored', which is none of angry, happy, sad"),
        ([[0, 1, 2]] * 4, QUESTIONS, "must be 0 or 1 for each of angry, happy, sad"),
        ([0, 1, 0, 1], Target("several", ("a", "b")), "must be one number for each of a, b"),
        ([0, 1, 0, float("nan")], CLASSES, "row 3 is nan"),
    ],
)
def test_labels_that_are_not_what_is_said_are_refused(
    tmp_path: Path, labels: Any, target: Target | None, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        load_dataset(write(tmp_path / "d.npz", labels), Declared(target=target))


@pytest.mark.parametrize(("labels", "target"), [([0, 2, 1, 2], CLASSES), (ONE_HOT, QUESTIONS)])
def test_a_converted_folder_keeps_the_target(tmp_path: Path, labels: Any, target: Target) -> None:
    path = write(tmp_path / "d.npz", labels)
    folder = convert_dataset(str(path), tmp_path / "folder", declared=Declared(target=target))
    again = open_dataset(str(tmp_path / "folder"))
    assert again.target == folder.target == target
    assert labels_of(again) == labels_of(load_dataset(path, Declared(target=target)))
    assert again.content_hash == load_dataset(path, Declared(target=target)).content_hash
    other = Target(target.kind, ("x", "y", "z"))
    with pytest.raises(DataError, match="converted for another target"):
        open_dataset(str(tmp_path / "folder"), declared=Declared(target=other))


def test_what_labels_are_decides_the_content_hash(tmp_path: Path) -> None:
    path = write(tmp_path / "d.npz", ONE_HOT)
    hashes = {load_dataset(path, Declared(target=target)).content_hash for target in (CLASSES, QUESTIONS)}
    assert len(hashes) == 2


def test_the_constant_predictor_answers_as_often_as_classes_occur(tmp_path: Path) -> None:
    path = write(tmp_path / "d.npz", [0, 2, 1, 2])
    test = load_dataset(path, Declared(target=CLASSES)).partition(FoldRef()).test
    assert test.fallback_value == (0.25, 0.25, 0.5)
    assert test.score_fallback()["acc"] == 0.5
    questions = load_dataset(write(path, ONE_HOT), Declared(target=QUESTIONS)).partition(FoldRef()).test
    assert questions.fallback_value == (0.25, 0.25, 0.5)
    assert questions.score_fallback()["acc"] == pytest.approx((0.75 + 0.75 + 0.5) / 3)
