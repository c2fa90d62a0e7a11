"""The older pickles of the CMU data sets, as they came with MulT: other keys, other ids, padded on the other side."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.formats.load import load_dataset
from dmd.errors import DataError
from dmd.job import FoldRef

STEPS = {"text": 5, "audio": 8, "vision": 7}
WIDTHS = {"text": 4, "audio": 3, "vision": 2}


def cmu_content(ids: str) -> dict[str, dict[str, Any]]:
    """Three splits of four clips of two videos, left-padded, with the ids as ``ids`` says."""
    generator = np.random.default_rng(0)
    content: dict[str, dict[str, Any]] = {}
    for split in ("train", "valid", "test"):
        table: dict[str, Any] = {"labels": np.linspace(-3, 3, 4).astype(np.float32).reshape(4, 1, 1)}
        for key, steps in STEPS.items():
            values = 1 + generator.random((4, steps, WIDTHS[key]))
            for row, length in enumerate((1, 2, steps, 3)):
                values[row, : steps - length] = 0
            table[key] = values
        table["audio"][2, 3, 1] = -np.inf
        rows = [(f"{split}_v{row // 2}-x", str(row * 1.5), str(row * 1.5 + 1)) for row in range(4)]
        if ids != "none":
            table["id"] = np.array(rows, dtype={"bytes": "S20", "text": "U20", "objects": object}[ids])
        content[split] = table
    return content


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("ids", ["bytes", "text", "objects"])
def test_ids_name_the_video_and_padding_is_found_on_the_left(tmp_path: Path, ids: str, protocol: int) -> None:
    dataset = load_dataset(write(tmp_path / "mosi_data_noalign.pkl", cmu_content(ids), protocol))
    assert dataset.file_padding == {"language": "left", "audio": "left", "vision": "left"}
    assert dataset.groups[:4] == ("train_v0-x", "train_v0-x", "train_v1-x", "train_v1-x")
    assert dataset.ids[1] == "train_v0-x$_$1.5-2.5"
    assert dataset.lengths["language"].tolist() == [1, 2, 5, 3] * 3
    assert dataset.lengths["audio"].tolist() == [1, 2, 8, 3] * 3
    assert dataset.non_finite == {"language": 0, "audio": 3, "vision": 0}
    assert dataset.count_labels() == {-3: 3, -1: 3, 1: 3, 3: 3}


@pytest.mark.parametrize("protocol", range(6))
def test_a_file_of_real_size_is_read_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    """Protocols below 3 write bytes as text of half again their size, which is no repetition."""
    content = cmu_content("bytes")
    for number, table in enumerate(content.values()):
        table["text"] = np.random.default_rng(number).random((4, 50, 300)).astype(np.float32)
    dataset = load_dataset(write(tmp_path / "mosi_data.pkl", content, protocol))
    values = dataset.inputs.sequences["language"].in_memory
    assert np.array_equal(values, np.concatenate([table["text"] for table in content.values()]))


def test_the_first_real_step_comes_first(tmp_path: Path) -> None:
    content = cmu_content("text")
    dataset = load_dataset(write(tmp_path / "data.pkl", content))
    values = dataset.inputs.sequences["language"].in_memory
    assert np.array_equal(values[1, :2], content["train"]["text"][1, 3:].astype(np.float32))
    assert not values[1, 2:].any()


def test_without_ids_the_videos_are_unknown_and_a_split_is_one_group(tmp_path: Path) -> None:
    """Any finer grouping would claim that clips of one speaker are independent."""
    dataset = load_dataset(write(tmp_path / "data.pkl", cmu_content("none")))
    assert dataset.groups == ("train",) * 4 + ("valid",) * 4 + ("test",) * 4
    assert len(set(dataset.ids)) == 12
    with pytest.raises(DataError, match="only 3 groups"):
        dataset.partition(FoldRef("group", k=5, fold=0))


def test_a_cmu_file_and_an_mmsa_file_of_the_same_clips_are_the_same_data(tmp_path: Path) -> None:
    cmu, mmsa = cmu_content("text"), cmu_content("text")
    for table in mmsa.values():
        table["regression_labels"] = table.pop("labels").reshape(-1)
        table["id"] = [f"{video}$_${start}-{end}" for video, start, end in table["id"].tolist()]
        for key, steps in STEPS.items():
            table[key] = np.stack(
                [np.roll(x, n - steps, axis=0) for x, n in zip(table[key], (1, 2, steps, 3), strict=True)]
            )
    old, new = (load_dataset(write(tmp_path / name, content)) for name, content in (("a", cmu), ("b", mmsa)))
    assert new.file_padding["audio"] == "right"
    assert old.content_hash == new.content_hash
