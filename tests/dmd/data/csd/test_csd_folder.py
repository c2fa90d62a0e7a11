"""Computational sequences: clips are cut on the intervals of the labels, and what is left out is counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dmd.data.csd.join import average_over, steps_within
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.errors import DataError
from dmd.job import FoldRef
from tests.dmd.data.csd.files import mosi_folder, write_csd

SPLITS = {"train": [f"v{number}" for number in range(6)], "dev": ["v6", "v7"], "test": ["v8"]}


def with_splits(folder: Path) -> Path:
    (folder / "splits.json").write_text(json.dumps(SPLITS))
    return folder


def test_steps_share_time_with_an_interval_and_do_not_only_touch_it() -> None:
    intervals = np.array([[0, 1], [1, 2], [2, 3], [2, 2], [1, 1], [0.5, 2.5]])
    assert steps_within(intervals, 1.0, 2.0).tolist() == [False, True, False, False, True, True]


def test_a_mean_leaves_out_what_is_not_finite() -> None:
    values = np.array([[1.0, -np.inf], [3.0, 5.0], [7.0, np.nan]])
    intervals = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]])
    averaged, num_empty = average_over(values, intervals, np.array([[0.0, 2.0], [2.0, 3.0], [8.0, 9.0]]))
    assert averaged.tolist() == [[2.0, 5.0], [7.0, 0.0], [0.0, 0.0]]
    assert num_empty == 1


def test_clips_have_a_step_per_word_and_what_was_dropped_is_counted(tmp_path: Path) -> None:
    dataset = open_dataset(str(with_splits(mosi_folder(tmp_path))))
    assert {split: len(rows) for split, rows in dataset.splits.items()} == {"train": 10, "valid": 4, "test": 2}
    assert dataset.ids[:4] == ("v0[0]", "v0[1]", "v1[0]", "v1[1]")
    assert dataset.groups[:4] == ("v0", "v0", "v1", "v1")
    assert dataset.lengths["language"].tolist() == [2, 3] * 8
    first = np.array([0])
    assert dataset.real_steps("language", first).tolist() == [[1, 1, 0, -1], [2, 1, 0, -1]]
    assert dataset.real_steps("audio", first).tolist() == [[0.5, 1.0], [2.5, 1.0]]
    assert dataset.real_steps("vision", first).tolist() == [[0, 1, 2], [10, 1, 2]]
    assert dataset.real_steps("audio", np.array([1])).tolist() == [[4.5, 1.0], [6.5, 1.0], [0.0, 0.0]]
    assert dataset.partition(FoldRef()).train.labels.tolist() == [
        np.float32(label) for row in (0, 1, 2, 4, 5) for label in (row % 4 - 1.5, 1.2)
    ]
    told = " | ".join(dataset.remarks)
    assert "language from glove_vectors, audio from COVAREP, vision from FACET_4.1; one step per word" in told
    assert "2 clips were dropped, which have no vision" in told
    assert "2 clips were dropped, which lie in videos that splits.json does not list" in told
    assert "8 words have no step of audio" in told


def test_steps_are_kept_or_averaged_as_asked(tmp_path: Path) -> None:
    folder = with_splits(mosi_folder(tmp_path))
    own = load_dataset(folder, Declared(steps="own"))
    assert own.lengths["audio"].tolist()[:2] == [4, 4]
    assert own.lengths["vision"].tolist()[:2] == [2, 3]
    assert own.non_finite["audio"] == 8
    mean = load_dataset(folder, Declared(steps="mean"))
    assert mean.max_steps == {"language": 1, "audio": 1, "vision": 1}
    assert mean.real_steps("vision", np.array([1])).tolist() == [[30.0, 1.0, 2.0]]


def test_without_a_split_one_is_drawn_by_video_always_the_same_and_told(tmp_path: Path) -> None:
    folder = mosi_folder(tmp_path)
    dataset = open_dataset(str(folder))
    of_split = {split: {dataset.groups[row] for row in rows} for split, rows in dataset.splits.items()}
    # 1 and 2 of ten videos validate and test; v3 would train, but has no vision
    assert {split: len(videos) for split, videos in of_split.items()} == {"train": 6, "valid": 1, "test": 2}
    assert not of_split["train"] & of_split["test"] and not of_split["valid"] & of_split["test"]
    assert any("drawn with seed 0" in remark for remark in dataset.remarks)
    assert open_dataset(str(folder)).content_hash == dataset.content_hash
    assert len(dataset.partition(FoldRef("group", k=3, fold=1)).test) > 0


def test_a_folder_is_converted_with_its_remarks(tmp_path: Path) -> None:
    folder = with_splits(mosi_folder(tmp_path))
    dataset = convert_dataset(str(folder), tmp_path / "mapped")
    assert dataset.content_hash == open_dataset(str(folder)).content_hash
    assert dataset.remarks == open_dataset(str(folder)).remarks != ()


def test_a_file_is_what_it_is_called_where_its_name_says_so(tmp_path: Path) -> None:
    folder = with_splits(mosi_folder(tmp_path))
    write_csd(folder / "mine.csd", "prosody", {"v0": [(0.0, 5.0, [1.0])]})
    assert any("not read" in remark and "mine.csd (prosody)" in remark for remark in open_dataset(str(folder)).remarks)
    (folder / "CMU_MOSI_COVAREP.csd").rename(folder / "kept.txt")
    (folder / "mine.csd").rename(folder / "audio.csd")
    with pytest.raises(DataError, match=r"valid: split is missing"):
        open_dataset(str(folder))


def test_aligned_sequences_have_an_entry_per_clip(tmp_path: Path) -> None:
    made = tmp_path / "aligned"
    made.mkdir()
    clips = {f"v{video}[{clip}]": clip for video in range(5) for clip in range(2)}
    write_csd(
        made / "glove.csd",
        "glove_vectors",
        {n: [(c, c + 0.5, [1.0, c]), (c + 0.5, c + 1, [2.0, c])] for n, c in clips.items()},
    )
    write_csd(made / "labels.csd", "All Labels", {n: [(c, c + 1, [c - 0.5])] for n, c in clips.items()})
    dataset = open_dataset(str(made), declared=Declared(modalities=("language",)))
    assert sorted(dataset.ids) == sorted(clips)
    assert sorted(set(dataset.groups)) == ["v0", "v1", "v2", "v3", "v4"]
    assert dataset.lengths["language"].tolist() == [2] * 10


def test_two_sequences_of_one_modality_and_none_of_labels_are_told(tmp_path: Path) -> None:
    folder = mosi_folder(tmp_path)
    write_csd(folder / "other.csd", "OpenFace_2", {"v0": [(0.0, 5.0, [1.0])]})
    with pytest.raises(
        DataError, match=r"CMU_MOSI_Visual_Facet_41.csd and other.csd both hold vision; rename the one to read"
    ):
        open_dataset(str(folder))
    (folder / "other.csd").unlink()
    (folder / "CMU_MOSI_Opinion_Labels.csd").unlink()
    with pytest.raises(
        DataError, match=r"labels: no sequence of the folder is that; found: audio in CMU_MOSI_COVAREP.csd, "
    ):
        open_dataset(str(folder))


def test_a_sequence_alone_asks_for_the_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"COVAREP.csd: is HDF5; .* give the folder that holds them all, labels too"):
        load_dataset(mosi_folder(tmp_path) / "CMU_MOSI_COVAREP.csd")


@pytest.mark.parametrize(
    "content", ["[", "{}", '{"train": ["v0"], "dev": ["v0"], "test": ["v1"]}', '{"train": 1}', "[1]"]
)
def test_a_split_list_that_is_none_is_one_line(tmp_path: Path, content: str) -> None:
    folder = mosi_folder(tmp_path, 2)
    (folder / "splits.json").write_text(content)
    with pytest.raises(DataError, match=r"^MOSI/splits.json: cannot be read \(.*write \{\"train\"") as caught:
        open_dataset(str(folder))
    assert len(str(caught.value).splitlines()) == 1


def test_words_are_no_vectors_and_the_line_says_which_sequence_has_them(tmp_path: Path) -> None:
    import h5py

    folder = mosi_folder(tmp_path)
    path = folder / "CMU_MOSI_TimestampedWordVectors.csd"
    path.unlink()
    with h5py.File(folder / "language.csd", "w") as file:
        for video in range(10):
            place = file.create_group(f"words/data/v{video}")
            place.create_dataset("features", data=np.array([[b"good"], [b"sp"]], "S32"))
            place.create_dataset("intervals", data=np.array([[0.0, 1.0], [1.0, 2.0]]))
    with pytest.raises(DataError, match=r"^MOSI/language.csd: words holds words and no vectors; take .*glove_vectors"):
        open_dataset(str(folder))
