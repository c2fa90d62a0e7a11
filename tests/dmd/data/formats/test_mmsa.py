"""MMSA files: lengths from the token mask, groups from ids, and one line for everything that is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.formats.load import load_dataset
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.formats.planted import planted_bytes, planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.errors import DataError

SPEC = PlantedSpec(num_videos=6, clips_per_video=4)
Content = dict[str, dict[str, Any]]


def test_a_pickle_on_disk_and_the_dictionary_are_the_same_data(tmp_path: Path) -> None:
    path = tmp_path / "named_anything.npz"
    path.write_bytes(planted_bytes(SPEC))
    assert load_dataset(path).content_hash == read_mmsa(planted_dataset(SPEC), "planted").content_hash


def test_text_lengths_are_the_sums_of_the_mask_row_and_the_others_the_files_own() -> None:
    content = planted_dataset(SPEC)
    dataset = read_mmsa(content, "planted")
    for split, rows in dataset.splits.items():
        assert np.array_equal(dataset.lengths["language"][rows], content[split]["text_bert"][:, 1].sum(axis=1))
        assert np.array_equal(dataset.lengths["audio"][rows], content[split]["audio_lengths"])
        assert np.array_equal(dataset.lengths["vision"][rows], content[split]["vision_lengths"])


def aligned(content: Content) -> Content:
    """As in ``aligned_50.pkl``: all modalities as many steps as tokens, and no lengths of their own."""
    for table in content.values():
        for key in ("audio", "vision"):
            table[key] = table[key][:, :12]
            del table[f"{key}_lengths"]
    return content


def test_an_aligned_file_takes_all_lengths_from_the_mask() -> None:
    dataset = read_mmsa(aligned(planted_dataset(SPEC)), "planted")
    assert dataset.max_steps == {"language": 12, "audio": 12, "vision": 12}
    for modality in ("audio", "vision"):
        assert np.array_equal(dataset.lengths[modality], dataset.lengths["language"])


def test_a_file_without_tokens_or_lengths_is_measured_by_its_zeros() -> None:
    content = aligned(planted_dataset(SPEC))
    for table in content.values():
        del table["text_bert"]
    assert np.array_equal(
        read_mmsa(content, "planted").lengths["language"],
        read_mmsa(planted_dataset(SPEC), "planted").lengths["language"],
    )


def test_the_group_is_the_id_before_the_separator_whatever_else_the_video_is_called() -> None:
    content = planted_dataset(SPEC)
    content["train"]["id"] = [f"-a_b$c_{row // 4}$_${row}" for row in range(len(content["train"]["id"]))]
    dataset = read_mmsa(content, "planted")
    assert {dataset.groups[row] for row in dataset.splits["train"]} == {"-a_b$c_0", "-a_b$c_1", "-a_b$c_2", "-a_b$c_3"}


BAD: list[tuple[Callable[[Content], object], str]] = [
    (lambda c: c.pop("test"), "f.pkl: test: split is missing; the file has train, valid"),
    (lambda c: c.update(test=[1]), "f.pkl: test: must be a dictionary of arrays, but is a list"),
    (lambda c: c["train"].pop("regression_labels"), "f.pkl: train/regression_labels: key is missing; the split has"),
    (lambda c: c["valid"].update(text={}), "f.pkl: valid/text: must be an array or a list, but is a dict"),
    (lambda c: c["valid"].update(audio=[np.ones((2, 8)), np.ones((3, 8))]), "f.pkl: valid/audio: must be an array, or"),
    (lambda c: c["valid"].update(audio=[c["valid"]["audio"][0]] * 4), "f.pkl: valid/audio: must be an array, or"),
    (lambda c: c["train"]["audio_lengths"].__setitem__(0, 17), "f.pkl: train/audio_lengths: lengths are out of range"),
    (lambda c: c["train"]["vision"].__setitem__(3, 1.0), "f.pkl: train/vision: padded steps must be zero: row 3"),
    (lambda c: c["train"].update(vision=c["train"]["vision"][:, 0]), "f.pkl: train/vision: has the wrong rank"),
    (lambda c: c["test"].update(regression_labels=["x"] * 4), "f.pkl: test/regression_labels: must be one number"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "line"), BAD, ids=[line[7:50] for _, line in BAD])
def test_bad_input_is_one_line_that_names_file_key_rule_and_value(
    spoil: Callable[[Content], object], line: str
) -> None:
    content = planted_dataset(SPEC)
    spoil(content)
    with pytest.raises(DataError) as caught:
        read_mmsa(content, "f.pkl")
    assert str(caught.value).startswith(line)
    assert len(str(caught.value).splitlines()) == 1


def test_a_pickle_of_something_else_says_what_it_is() -> None:
    with pytest.raises(DataError, match=r"^f\.pkl: must be a dictionary with train, valid and test, but is a list$"):
        read_mmsa([1, 2], "f.pkl")
