"""Opening by name or path, and the summary a person reads."""

from pathlib import Path

import numpy as np
import pytest

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import load_dataset, open_dataset
from dmd.data.formats.planted import load_planted
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.data.inspection.inspect import format_summary, inspect_dataset
from dmd.data.samples.samples import LabelScale
from dmd.errors import DataError
from tests.dmd.data_builders import load_arrays, npz_arrays, write_npz


def test_planted_names_open_planted_data() -> None:
    assert open_dataset("planted").content_hash == load_planted(PlantedSpec()).content_hash
    spelled = open_dataset("planted:seed=2,interaction=1")
    assert spelled.content_hash == load_planted(PlantedSpec(seed=2, interaction=1.0)).content_hash


def test_a_path_or_a_name_in_the_data_directory_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npz(tmp_path, npz_arrays())
    expected = load_dataset(path).content_hash
    assert open_dataset(str(path)).content_hash == expected
    assert open_dataset("data.npz", tmp_path).content_hash == expected
    monkeypatch.chdir(tmp_path)
    assert open_dataset("data.npz").content_hash == expected
    assert open_dataset("data.npz", declared=Declared(scale=LabelScale(-4, 4))).scale == LabelScale(-4, 4)


def test_a_missing_file_names_every_place_that_was_looked_at_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_dataset("absent.npz", tmp_path)
    assert "looked at absent.npz and " + str(tmp_path / "absent.npz") in str(caught.value)
    assert "--data-dir" in str(caught.value)


@pytest.mark.parametrize(("content", "found"), [(b"", "is empty"), (b"id,y\n", "starts")])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"^data.npz: neither an .npz archive nor a pickle \(it {found}"):
        load_dataset(path)


def test_the_summary_counts_what_is_in_the_file(tmp_path: Path) -> None:
    arrays = npz_arrays()
    for split, labels in (("train", [-3, -2.5, -1, 0, 0.4, 0.5, 2.5, 3]), ("valid", [0] * 4), ("test", [1] * 6)):
        arrays[f"{split}/labels"] = np.array(labels, dtype=np.float32)
    arrays["train/audio"][0, -1, 0] = np.nan
    dataset = load_arrays(tmp_path, arrays)
    summary = inspect_dataset(dataset)
    assert (summary.num_samples, summary.num_groups, summary.group_sizes) == (18, 9, (2, 2.0, 2))
    assert summary.label_histogram == {-3: 1, -2: 1, -1: 1, 0: 7, 1: 6, 2: 1, 3: 1}
    assert summary.split_sizes == {"train": (8, 4), "valid": (4, 2), "test": (6, 3)}
    assert summary.fold_sizes == {0: (6, 3), 1: (6, 3), 2: (6, 3)}
    assert summary.num_shared_groups == 0
    audio = summary.modalities["audio"]
    assert (audio.steps, audio.width, audio.file_padding, audio.num_non_finite) == (5, 2, "left", 1)
    lengths = np.concatenate([arrays[f"{split}/lengths"] for split in ("train", "valid", "test")])
    assert audio.lengths == (lengths.min(), np.median(lengths), lengths.max())
    text = format_summary(summary)
    for fact in (dataset.content_hash, "18 samples in 9 videos", "train         8 samples, 4 videos", "fold 2"):
        assert fact in text


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("test", ", 1 of 4 in the test part: scores there are of videos that training has seen"),
        ("valid", ", none in the test part: epochs and settings are chosen on videos that training sees"),
    ],
)
def test_the_summary_warns_of_groups_in_several_splits(tmp_path: Path, place: str, words: str) -> None:
    arrays = npz_arrays()
    arrays[f"{place}/video"][0] = "v0"
    summary = inspect_dataset(load_arrays(tmp_path, arrays))
    assert summary.num_shared_groups == 1
    assert f"1 of 9 videos lie in more than one split of the file{words}" in format_summary(summary)


def test_ids_that_begin_anew_in_every_split_are_no_shared_groups(tmp_path: Path) -> None:
    arrays = {name: value for name, value in npz_arrays().items() if not name.endswith(("/video", "/fold"))}
    for split in ("train", "valid", "test"):
        arrays[f"{split}/id"] = np.array([f"item{row}" for row in range(len(arrays[f"{split}/labels"]))])
    summary = inspect_dataset(load_arrays(tmp_path, arrays))
    assert summary.num_shared_groups == 0
    assert "lie in more than one split" not in format_summary(summary)
