"""MISA's and MAG-BERT's lists of tuples: what words are is decided by what they hold, and ``dev`` validates."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.errors import DataError
from dmd.job import FoldRef

AUDIO_AND_VISION = Declared(modalities=("audio", "vision"))
LABELS = {"train": [-3.0, -1.2, 0.4, 2.6], "dev": [0.0, 1.0], "test": [-2.0, 3.0]}
LENGTHS = {"train": [1, 3, 2, 5], "dev": [2, 2], "test": [4, 1]}


def vectors(length: int) -> np.ndarray:
    return np.arange(1, 1 + length * 4, dtype=np.float32).reshape(length, 4)


def numbers(length: int) -> np.ndarray:
    return np.arange(2, 2 + length)


def words(length: int) -> list[str]:
    return ["good"] * length


def items(split: str, make_words: Callable[[int], Any], with_text: bool = False) -> list[Any]:
    """MISA's tuples have the words as text besides; MAG-BERT's have not."""
    found = []
    for row, (label, length) in enumerate(zip(LABELS[split], LENGTHS[split], strict=True)):
        visual, acoustic = np.full((length, 2), row + 1.0), np.full((length, 3), row + 2.0)
        visual[0, 0] = -np.inf
        features = (make_words(length), visual, acoustic, *((words(length),) if with_text else ()))
        found.append((features, np.array([[label]]), f"{split}V-_{row // 2}[{row % 2}]"))
    return found


def mag_file(folder: Path, make_words: Callable[[int], Any] = vectors) -> Path:
    path = folder / "mosi.pkl"
    path.write_bytes(pickle.dumps({split: items(split, make_words) for split in LABELS}))
    return path


def misa_folder(folder: Path, make_words: Callable[[int], Any] = vectors) -> Path:
    made = folder / "MOSI"
    made.mkdir()
    for split in LABELS:
        (made / f"{split}.pkl").write_bytes(pickle.dumps(items(split, make_words, with_text=True), protocol=2))
    return made


@pytest.mark.parametrize("write", [mag_file, misa_folder])
def test_labels_lengths_and_groups_are_those_of_the_tuples(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    dataset = open_dataset(str(write(tmp_path)))
    assert {split: len(rows) for split, rows in dataset.splits.items()} == {"train": 4, "valid": 2, "test": 2}
    assert dataset.count_labels() == {-3: 1, -2: 1, -1: 1, 0: 2, 1: 1, 3: 2}
    assert dataset.lengths["language"].tolist() == [1, 3, 2, 5, 2, 2, 4, 1]
    assert (
        dataset.lengths["audio"].tolist() == dataset.lengths["vision"].tolist() == dataset.lengths["language"].tolist()
    )
    assert dataset.widths == {"language": 4, "audio": 3, "vision": 2}
    assert dataset.ids[:2] == ("trainV-_0[0]", "trainV-_0[1]")
    assert dataset.groups == (
        "trainV-_0",
        "trainV-_0",
        "trainV-_1",
        "trainV-_1",
        "devV-_0",
        "devV-_0",
        "testV-_0",
        "testV-_0",
    )
    assert dataset.grouping.noun == "videos"
    assert dataset.non_finite["vision"] == 8
    parts = dataset.partition(FoldRef())
    assert parts.train.labels.tolist() == np.array(LABELS["train"], np.float32).tolist()
    assert parts.valid.labels.tolist() == [0.0, 1.0]
    assert dataset.real_steps("language", np.array([1])).tolist() == vectors(3).tolist()


def test_folds_keep_the_clips_of_a_video_together(tmp_path: Path) -> None:
    parts = load_dataset(mag_file(tmp_path)).partition(FoldRef("group", k=4, fold=0))
    assert not set(parts.train.inputs.groups) & set(parts.test.inputs.groups)


def test_numbers_of_words_are_looked_up_in_the_embedding_beside_the_file(tmp_path: Path) -> None:
    folder = misa_folder(tmp_path, numbers)
    with pytest.raises(
        DataError, match=r"MOSI: train/words: are numbers of words.*numpy.save\('embedding.npy', vectors\)"
    ):
        open_dataset(str(folder))
    embedding = np.random.default_rng(0).standard_normal((7, 6)).astype(np.float32)
    np.save(folder / "embedding.npy", embedding)
    dataset = open_dataset(str(folder))
    assert dataset.real_steps("language", np.array([3])).tolist() == embedding[2:7].tolist()
    np.save(folder / "embedding.npy", embedding[:6])
    with pytest.raises(DataError, match=r"train/words: word 6 has no vector among the 6 of embedding.npy"):
        open_dataset(str(folder))


def test_words_as_text_are_refused_in_one_line_per_part_and_audio_and_vision_are_read_without(tmp_path: Path) -> None:
    path = mag_file(tmp_path, words)
    with pytest.raises(DataError) as caught:
        load_dataset(path)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["train/words", "valid/words", "test/words"]
    assert "`data.modalities: [audio, vision]`" in lines[0]
    assert load_dataset(path, AUDIO_AND_VISION).modalities == ("audio", "vision")


def test_one_split_alone_asks_for_the_folder(tmp_path: Path) -> None:
    folder = misa_folder(tmp_path)
    with pytest.raises(DataError, match=r"^train.pkl: is one split.*give the folder of all three$"):
        load_dataset(folder / "train.pkl")


def test_a_folder_is_converted_to_the_same_data_and_keeps_its_remarks(tmp_path: Path) -> None:
    folder = misa_folder(tmp_path)
    found = convert_dataset(str(folder), tmp_path / "mapped")
    assert found.content_hash == open_dataset(str(folder)).content_hash


def test_items_to_predict_need_no_labels_and_not_every_part(tmp_path: Path) -> None:
    content = {"test": [(features, None, segment) for features, _, segment in items("test", vectors)]}
    (tmp_path / "new.pkl").write_bytes(pickle.dumps(content))
    dataset = load_dataset(tmp_path / "new.pkl", Declared(for_prediction=True))
    assert dataset.ids == ("testV-_0[0]", "testV-_0[1]")
    with pytest.raises(DataError, match="test/label: must be as many numbers in every item"):
        load_dataset(tmp_path / "new.pkl")


def test_labels_of_mosei_are_seven_numbers_of_which_sentiment_is_read(tmp_path: Path) -> None:
    content = {
        split: [(features, np.array([[label[0, 0], 0, 1, 0, 2, 0, 0]]), segment) for features, label, segment in found]
        for split, found in ((split, items(split, vectors)) for split in LABELS)
    }
    (tmp_path / "mosei.pkl").write_bytes(pickle.dumps(content))
    dataset = load_dataset(tmp_path / "mosei.pkl")
    assert dataset.count_labels() == {-3: 1, -2: 1, -1: 1, 0: 2, 1: 1, 3: 2}
    assert any("names: [happy, sad, anger, surprise, disgust, fear]" in remark for remark in dataset.remarks)


BROKEN: list[tuple[Callable[[list[Any]], object], str]] = [
    (lambda part: part.append("x"), "train: item 4 is no \\(\\(words, visual, acoustic\\), label, segment\\)"),
    (lambda part: part.append((part[0][0], np.zeros((1, 2)), "v[9]")), "train/label: must be as many numbers in every"),
    (lambda part: part.append((part[0][0], None, "v[9]")), "train/label: must be as many numbers in every"),
    (lambda part: part.append((part[0][0], 1.0, [1])), "train/segment: item 4 has no segment that is text"),
    (lambda part: part.append(((vectors(2), np.zeros(3), np.zeros((2, 3))), 1.0, "v[9]")), "vision: item 4 must"),
    (lambda part: part.append(((vectors(2), np.zeros((2, 9)), np.zeros((2, 3))), 1.0, "v[9]")), "vision: widths must"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), BROKEN, ids=[message[:40] for _, message in BROKEN])
def test_what_breaks_the_form_is_named_by_its_place(
    tmp_path: Path, spoil: Callable[[list[Any]], object], message: str
) -> None:
    content = {split: items(split, vectors) for split in LABELS}
    spoil(content["train"])
    (tmp_path / "mosi.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(tmp_path / "mosi.pkl")
    assert all(line.startswith("mosi.pkl: ") for line in str(caught.value).splitlines())


def test_one_array_in_very_many_items_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    content = {split: items(split, vectors) for split in LABELS}
    large = np.ones((1000, 1000), np.float32)
    content["train"] += [((vectors(2), large, np.zeros((2, 3))), np.array([1.0]), f"v[{row}]") for row in range(3000)]
    (tmp_path / "mosi.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match="repeats a few arrays until they are far larger than the file"):
        load_dataset(tmp_path / "mosi.pkl", AUDIO_AND_VISION)
