"""``.npz`` files: what is read, and one clear line for everything that is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import load_dataset
from dmd.data.samples.samples import LabelScale
from dmd.errors import DataError
from dmd.job import FoldRef
from dmd.modalities import MODALITIES
from tests.dmd.data_builders import SIZES, Arrays, load_arrays, npz_arrays, write_npz


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    dataset = load_arrays(tmp_path, npz_arrays())
    assert len(dataset) == 18
    assert {split: len(rows) for split, rows in dataset.splits.items()} == SIZES
    assert dataset.widths == {"language": 3, "audio": 2, "vision": 4}
    assert dataset.max_steps == dict.fromkeys(MODALITIES, 5)
    assert dataset.file_padding == dict.fromkeys(MODALITIES, "left")
    assert dataset.scale == LabelScale(-3, 3, 0)
    assert len(set(dataset.groups)) == 9


def test_the_padding_side_of_the_file_changes_nothing_but_the_note_of_it(tmp_path: Path) -> None:
    left, right = (load_arrays(tmp_path, npz_arrays(side=side)) for side in ("left", "right"))
    assert (left.file_padding["audio"], right.file_padding["audio"]) == ("left", "right")
    for split in ("train", "valid"):
        for modality in MODALITIES:
            ours, theirs = (getattr(d.partition(FoldRef()), split).inputs.sequences[modality] for d in (left, right))
            assert ours.values.shape == theirs.values.shape
            assert np.array_equal(ours.lengths, theirs.lengths)


def test_the_hash_follows_the_content_and_not_the_name_or_the_padding_side(tmp_path: Path) -> None:
    arrays = npz_arrays()
    original = load_arrays(tmp_path, arrays)
    assert load_dataset(write_npz(tmp_path, arrays, "other.bin")).content_hash == original.content_hash
    mirrored = npz_arrays()
    for split in SIZES:
        for key in ("text", "audio", "vision"):
            for row, length in enumerate(arrays[f"{split}/lengths"]):
                mirrored[f"{split}/{key}"][row] = np.roll(arrays[f"{split}/{key}"][row], length, axis=0)
    assert load_arrays(tmp_path, mirrored).content_hash == original.content_hash


@pytest.mark.parametrize(
    ("key", "value"),
    [("test/labels", 0.7), ("train/text", 1.0), ("valid/fold", 2), ("test/video", "v4"), ("train/id", "x")],
)
def test_the_hash_sees_every_part_of_the_content(tmp_path: Path, key: str, value: float | str) -> None:
    original = load_arrays(tmp_path, npz_arrays())
    changed = npz_arrays()
    index = (0, -1, 0) if changed[key].ndim == 3 else 0
    assert changed[key][index] != value
    changed[key][index] = value
    assert load_arrays(tmp_path, changed).content_hash != original.content_hash


def test_vectors_are_sequences_of_one_step(tmp_path: Path) -> None:
    arrays = {key: value for key, value in npz_arrays().items() if not key.endswith("lengths")}
    for key in [key for key in arrays if arrays[key].ndim == 3]:
        arrays[key] = arrays[key][:, -1]
    dataset = load_arrays(tmp_path, arrays)
    assert dataset.max_steps == dict.fromkeys(MODALITIES, 1)
    assert dataset.lengths["audio"].tolist() == [1] * 18


def test_modalities_may_differ_in_steps_and_lengths(tmp_path: Path) -> None:
    arrays = npz_arrays()
    for split in SIZES:
        for key in ("audio", "vision"):
            arrays[f"{split}/{key}_lengths"] = arrays[f"{split}/lengths"]
        arrays[f"{split}/text_lengths"] = arrays.pop(f"{split}/lengths") + 2
        arrays[f"{split}/text"] = np.pad(arrays[f"{split}/text"], ((0, 0), (0, 2), (0, 0)), constant_values=1.0)
    dataset = load_arrays(tmp_path, arrays)
    assert dataset.max_steps == {"language": 7, "audio": 5, "vision": 5}
    assert (dataset.lengths["language"] - dataset.lengths["audio"] == 2).all()


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    arrays = npz_arrays()
    for split in SIZES:
        arrays[f"{split}/text"] = arrays[f"{split}/text"].astype(np.float16)
    parts = load_arrays(tmp_path, arrays).partition(FoldRef())
    assert parts.train.inputs.sequences["language"].values.dtype == np.float32


def test_non_finite_features_become_zero_and_are_counted(tmp_path: Path) -> None:
    arrays = npz_arrays()
    arrays["train/audio"][0, -1] = [np.nan, np.inf]
    arrays["test/audio"][2, -1, 1] = -np.inf
    dataset = load_arrays(tmp_path, arrays)
    assert dataset.non_finite == {"language": 0, "audio": 3, "vision": 0}
    zeroed = npz_arrays()
    zeroed["train/audio"][0, -1] = 0.0
    zeroed["test/audio"][2, -1, 1] = 0.0
    assert load_arrays(tmp_path, zeroed).content_hash == dataset.content_hash


def test_a_length_of_zero_is_raised_to_one_and_counted(tmp_path: Path) -> None:
    arrays = npz_arrays()
    arrays["train/lengths"][0] = 0
    for key in ("text", "audio", "vision"):
        arrays[f"train/{key}"][0] = 0.0
    dataset = load_arrays(tmp_path, arrays)
    assert dataset.clamped_lengths == dict.fromkeys(MODALITIES, 1)
    assert dataset.lengths["audio"][0] == 1


def test_a_file_or_the_caller_may_declare_the_label_scale(tmp_path: Path) -> None:
    arrays = npz_arrays() | {"label_scale": np.array([-4.0, 4.0, 1.0])}
    arrays["train/labels"][0] = 3.8
    path = write_npz(tmp_path, arrays)
    assert load_dataset(path).scale == LabelScale(-4, 4, 1)
    assert load_dataset(path, Declared(scale=LabelScale(-5, 5, 0))).scale == LabelScale(-5, 5, 0)


Spoil = Callable[[Arrays], object]


def put(key: str, row: int, value: float) -> Spoil:
    return lambda arrays: arrays[key].__setitem__(row, value)


def replace(key: str, make: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    return lambda arrays: arrays.update({key: make(arrays[key])})


def drop_split(arrays: Arrays) -> None:
    for key in [key for key in arrays if key.startswith("valid/")]:
        del arrays[key]


def empty_split(arrays: Arrays) -> None:
    for key in [key for key in arrays if key.startswith("test/")]:
        arrays[key] = arrays[key][:0]


BAD: list[tuple[Spoil, str]] = [
    (drop_split, "data.npz: valid: split is missing; the file has test, train"),
    (lambda a: a.pop("train/audio"), "data.npz: train/audio: key is missing"),
    (lambda a: a.pop("test/labels"), "data.npz: test/labels: key is missing"),
    (lambda a: a.pop("test/id"), "data.npz: test/id: key is missing"),
    (empty_split, "data.npz: test: the split is empty: 0 rows"),
    (replace("train/vision", lambda x: x[:, 0]), "data.npz: train/vision: has the wrong rank: shape (8, 4), wanted"),
    (replace("train/text", lambda x: x[:7]), "data.npz: train/text: rows do not match: 7 rows, but this"),
    (replace("valid/id", lambda x: x[:3]), "data.npz: valid/id: must be 4 strings, one per row"),
    (replace("test/audio", lambda x: x[:, :, :1]), "data.npz: audio: widths must be equal in all splits, but are"),
    (replace("valid/audio", lambda x: x * np.nan), "data.npz: valid/audio: holds no finite value at all"),
    (replace("valid/audio", lambda x: x.astype("U5")), "data.npz: valid/audio: must hold numbers, but its dtype"),
    (put("train/lengths", 2, 6), "data.npz: train/lengths: lengths are out of range: row 2 is 6, must be"),
    (put("train/lengths", 2, -1), "data.npz: train/lengths: lengths are out of range: row 2 is -1"),
    (replace("test/lengths", lambda x: x + 0.5), "data.npz: test/lengths: lengths are out of range: row 0 is"),
    (replace("test/lengths", lambda x: x[:2]), "data.npz: test/lengths: must be 6 integers, one per row"),
    (replace("train/text", lambda x: x + 1), "data.npz: train/text: padded steps must be zero: row"),
    (put("test/labels", 1, 3.2), "data.npz: test/labels: labels are out of range: row 1 is 3.2"),
    (put("train/labels", 4, np.nan), "data.npz: train/labels: labels are out of range: row 4 is nan"),
    (replace("test/labels", lambda x: np.stack([x, x], 1)), "data.npz: test/labels: must be one number"),
    (lambda a: a.pop("valid/fold"), "data.npz: fold: folds must be given for every split or for none"),
    (replace("valid/fold", lambda x: x + 5), "data.npz: fold: folds must be numbered 0..k-1 without a gap"),
    (replace("valid/fold", lambda x: x - 9), "data.npz: valid/fold: must be 4 fold numbers from 0 up"),
    (lambda a: a.update({"label_scale": np.array([3, -3, 0])}), "data.npz: label_scale: must be low, high"),
    (replace("train/id", lambda x: x.astype(object)), "data.npz: train/id: cannot be read: Object arrays"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "line"), BAD, ids=[line[:60] for _, line in BAD])
def test_bad_input_is_one_line_that_names_file_key_rule_and_value(tmp_path: Path, spoil: Spoil, line: str) -> None:
    arrays = npz_arrays()
    spoil(arrays)
    with pytest.raises(DataError) as caught:
        load_arrays(tmp_path, arrays)
    message = str(caught.value)
    assert message.startswith(line)
    assert len([part for part in message.splitlines() if line.split(": ")[1] in part]) == 1


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    arrays = npz_arrays()
    for spoil in (put("train/labels", 0, 9), put("valid/lengths", 1, 6), put("test/labels", 1, -9)):
        spoil(arrays)
    del arrays["test/vision"], arrays["train/id"]
    with pytest.raises(DataError) as caught:
        load_arrays(tmp_path, arrays)
    keys = {line.split(": ")[1] for line in str(caught.value).splitlines()}
    assert keys == {"train/labels", "train/id", "valid/lengths", "test/labels", "test/vision"}


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_one_clear_line(tmp_path: Path, kept: float) -> None:
    path = write_npz(tmp_path, npz_arrays())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DataError, match=r"^data.npz: truncated or damaged archive .*write the file again$"):
        load_dataset(path)


def test_an_altered_archive_never_gives_a_traceback_of_another_kind(tmp_path: Path) -> None:
    path = write_npz(tmp_path, npz_arrays())
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    num_refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        for position in generator.integers(4, len(content), 20):
            damaged[position] ^= int(generator.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            assert isinstance(load_dataset(path), Dataset)
        except DataError:
            num_refused += 1
    assert num_refused > 50
