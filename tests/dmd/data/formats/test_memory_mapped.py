"""``dmd-data convert``: any source as files that are mapped, with the numbers of the source bit for bit."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.data.formats.memory_mapped import MANIFEST
from dmd.data.samples.mapped_rows import StoredRows
from dmd.data.samples.samples import LabelScale
from dmd.errors import DataError
from dmd.job import FoldRef, Job
from dmd.modalities import MODALITIES
from dmd.training.run import run_job
from tests.dmd.builders import TINY
from tests.dmd.data.formats.test_cmu import cmu_content
from tests.dmd.data_builders import npz_arrays, write_npz
from tests.dmd.pickles.write_pickle import make_content

OFFICIAL, FOLD = FoldRef(), FoldRef("group", 3, 1, 0, 0, 1)


def stored_npz(folder: Path) -> Path:
    path = folder / "stored.npz"
    with path.open("wb") as stream:
        np.savez(stream, **npz_arrays())
    return path


def pickled(content: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "data.pkl").write_bytes(pickle.dumps(content, protocol=4))
        return folder / "data.pkl"

    return write


SOURCES: dict[str, Callable[[Path], Path | str]] = {
    "packed npz": lambda folder: write_npz(folder, npz_arrays()),
    "stored npz": stored_npz,
    "MMSA pickle": pickled(make_content()),
    "CMU pickle": pickled(cmu_content("bytes")),
    "planted": lambda folder: "planted:num_videos=9,clips_per_video=6",
}


@pytest.fixture(params=SOURCES)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Dataset, Dataset]:
    """The same data read, and converted and mapped."""
    source = str(SOURCES[request.param](tmp_path))
    return open_dataset(source), convert_dataset(source, tmp_path / "mapped")


def test_a_converted_file_is_the_same_data(pair: tuple[Dataset, Dataset]) -> None:
    read, mapped = pair
    assert mapped.content_hash == read.content_hash
    for name in ("name", "ids", "groups", "scale", "widths", "max_steps", "file_padding", "non_finite"):
        assert getattr(mapped, name) == getattr(read, name), name
    assert mapped.clamped_lengths == read.clamped_lengths
    assert mapped.has_tokens == read.has_tokens
    assert mapped.count_labels() == read.count_labels()
    assert (mapped.file_folds is None) == (read.file_folds is None)


def test_parts_of_mapped_data_stay_in_their_file_and_give_the_same_rows(pair: tuple[Dataset, Dataset]) -> None:
    read, mapped = pair
    for fold in (OFFICIAL, FOLD):
        for name in ("train", "valid", "test"):
            ours, theirs = (getattr(d.partition(fold), name).inputs for d in (mapped, read))
            for modality in MODALITIES:
                mine = ours.sequences[modality]
                assert isinstance(mine.values, StoredRows)
                assert np.array_equal(mine.in_memory, theirs.sequences[modality].in_memory)
                rows = np.array([len(ours) - 1, 0])
                assert np.array_equal(mine.values[rows], theirs.sequences[modality].in_memory[rows])


@pytest.mark.parametrize("model", ["dmd", "ridge", "median", "mult"])
def test_a_trial_on_mapped_data_gives_the_same_numbers_bit_for_bit(tmp_path: Path, model: str) -> None:
    source = "planted:num_videos=9,clips_per_video=6"
    settings = {"dmd": {**TINY, "max_epochs": 2}, "mult": {"width": 8, "heads": 2, "levels": 1, "max_epochs": 2}}
    job = Job(model, settings.get(model, {}), 3, FOLD, scores_test=True, keeps_details=True)
    mapped = convert_dataset(source, tmp_path / "mapped")
    expected, found = (run_job(job, dataset, lambda report: True) for dataset in (open_dataset(source), mapped))
    assert found.valid == expected.valid
    assert found.test == expected.test
    assert [report.metrics for report in found.epochs] == [report.metrics for report in expected.epochs]
    assert {n: v.tobytes() for n, v in found.test_details.items()} == {
        n: v.tobytes() for n, v in expected.test_details.items()
    }


def test_a_modality_that_is_not_seen_is_blank(tmp_path: Path) -> None:
    source = "planted:num_videos=9,clips_per_video=6"
    job = Job("ridge", {"modalities": "language", "max_epochs": 1}, 0, FOLD, scores_test=True)
    mapped = convert_dataset(source, tmp_path / "mapped")
    expected, found = (run_job(job, dataset, lambda report: True) for dataset in (open_dataset(source), mapped))
    assert found.test == expected.test


def test_a_folder_opens_by_name_beside_other_data_and_converts_again(tmp_path: Path) -> None:
    first = convert_dataset("planted:num_videos=9,clips_per_video=6", tmp_path / "first")
    again = convert_dataset("first", tmp_path / "second", tmp_path)
    assert again.content_hash == first.content_hash == open_dataset("second", tmp_path).content_hash


def test_another_label_scale_changes_the_hash_as_it_does_for_the_source(tmp_path: Path) -> None:
    path, declared = write_npz(tmp_path, npz_arrays()), Declared(scale=LabelScale(-4, 4, 0))
    convert_dataset(str(path), tmp_path / "mapped")
    assert (
        open_dataset(str(tmp_path / "mapped"), declared=declared).content_hash
        == load_dataset(path, declared).content_hash
    )
    with pytest.raises(DataError, match="labels are out of range"):
        open_dataset(str(tmp_path / "mapped"), declared=Declared(scale=LabelScale(-0.1, 0.1, 0)))


def test_what_exists_is_left_alone_and_what_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(DataError, match="exists already"):
        convert_dataset("planted", tmp_path / "there")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="damaged archive"):
        convert_dataset(str(tmp_path / "bad.npz"), tmp_path / "mapped")
    assert {path.name for path in tmp_path.iterdir()} == {"there", "bad.npz"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    convert_dataset(str(write_npz(tmp_path, npz_arrays())), tmp_path / "mapped")
    return tmp_path / "mapped"


def test_any_altered_file_is_found_out_by_its_hash(folder: Path) -> None:
    files = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
    assert len(files) == 10
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(DataError, match=rf"^mapped: {path.name}: not the content that was converted"):
            open_dataset(str(folder))
        path.write_bytes(content)
    assert len(open_dataset(str(folder))) == 18


HOSTILE: dict[str, Callable[[Path], object]] = {
    "no JSON": lambda folder: (folder / MANIFEST).write_text("{"),
    "100,000 deep": lambda folder: (folder / MANIFEST).write_text("[" * 100_000),
    "too large": lambda folder: (folder / MANIFEST).write_text(" " * (1 << 21)),
    "other files": lambda folder: change(folder, lambda m: m["files"].update({"../../x": "0"})),
    "no files": lambda folder: change(folder, lambda m: m["files"].clear()),
    "more rows": lambda folder: change(folder, lambda m: m["splits"].update(train=10**9)),
    "rows that are words": lambda folder: change(folder, lambda m: m["splits"].update(train="x")),
    "another version": lambda folder: change(folder, lambda m: m.update(version=1)),
    "padding of no kind": lambda folder: change(folder, lambda m: m["file_padding"].update(audio="x")),
    "objects": lambda folder: np.save(folder / "ids.npy", np.array([object()] * 18), allow_pickle=True),
    "no values": lambda folder: np.save(folder / "labels.npy", np.zeros(0, np.float32)),
    "another type": lambda folder: np.save(folder / "audio.npy", np.zeros((18, 5, 2))),
    "a pipe": lambda folder: ((folder / "ids.npy").unlink(), os.mkfifo(folder / "ids.npy")),
    "a device": lambda folder: ((folder / "audio.npy").unlink(), (folder / "audio.npy").symlink_to("/dev/zero")),
    "a hash that leads out": lambda folder: change(folder, lambda m: m.update(content_hash="../../x")),
    "a name that commands a terminal": lambda folder: change(folder, lambda m: m.update(name="\x1b[2J")),
    "cut off": lambda folder: (folder / "audio.npy").write_bytes((folder / "audio.npy").read_bytes()[:200]),
    "no header": lambda folder: (folder / "audio.npy").write_bytes(b"x" * 1000),
    "long lengths": lambda folder: np.save(folder / "audio_lengths.npy", np.full(18, 6)),
    "labels without value": lambda folder: np.save(folder / "labels.npy", np.full(18, np.nan, np.float32)),
}


def change(folder: Path, edit: Callable[[dict], object]) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    edit(content)
    (folder / MANIFEST).write_text(json.dumps(content))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_folder_is_one_line_even_where_nothing_is_verified(folder: Path, name: str) -> None:
    HOSTILE[name](folder)
    for verify in (False, True):
        with pytest.raises(DataError) as caught:
            open_dataset(str(folder), verify=verify)
        assert str(caught.value).startswith("mapped: ")
        assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_grew_by_holes_is_not_hashed_for_hours(folder: Path) -> None:
    with (folder / "audio.npy").open("r+b") as file:
        file.truncate(1 << 42)
    with pytest.raises(DataError, match=r"audio.npy: not the content that was converted"):
        open_dataset(str(folder))


def test_a_trial_never_asks_for_more_rows_than_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that is sliced as a whole before it is cut into batches would be copied as a whole."""
    dataset = convert_dataset("planted:num_videos=9,clips_per_video=6", tmp_path / "mapped")
    asked = []
    read = StoredRows.__getitem__

    def note(stored: StoredRows, rows: np.ndarray | slice) -> np.ndarray:
        values = read(stored, rows)
        asked.append(len(values))
        return values

    monkeypatch.setattr("dmd.training.evaluate.EVALUATION_BATCH", 5)
    monkeypatch.setattr(StoredRows, "__getitem__", note)
    # fitting the standardiser goes block by block, each of them bounded by its size
    monkeypatch.setattr(
        "dmd.data.samples.standardise.row_blocks", lambda shape: (slice(i, i + 5) for i in range(0, shape[0], 5))
    )
    run_job(Job("median", {"max_epochs": 1, "batch_size": 5}, 0, FOLD, scores_test=True), dataset, lambda report: True)
    assert len(asked) > 3 * 54 / 5
    assert max(asked) == 5
