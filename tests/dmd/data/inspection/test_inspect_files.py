"""What ``inspect`` says of a file: its target and class counts, which published file it is, and what was left out."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.formats.declared import UNDECLARED, Declared
from dmd.data.formats.load import load_dataset
from dmd.data.inspection import known_files
from dmd.data.inspection.inspect import format_summary, inspect_dataset
from dmd.data.inspection.known_files import KNOWN_FILES, KnownFile, describe_origin, digest_of
from dmd.data.samples.target import Target

SIZES = {"train": 4, "valid": 4, "test": 4}


def content(
    widths: tuple[int, int, int] = (4, 3, 2), ids: str = "video{video}[{clip}]", **labels: Any
) -> dict[str, Any]:
    """Twelve rows, two of each video: labels as functions of the row."""
    made, start = {}, 0
    for split, size in SIZES.items():
        rows = range(start, start + size)
        made[split] = {
            "id": np.array([ids.format(video=row // 2, clip=row % 2, row=row) for row in rows]),
            **{key: np.ones((size, 2, width)) for key, width in zip(("text", "audio", "vision"), widths, strict=True)},
            **{key: np.array([make(row) for row in rows]) for key, make in labels.items()},
        }
        start += size
    return made


def summary_of(folder: Path, made: object, declared: Declared = UNDECLARED) -> list[str]:
    path = folder / "data.pkl"
    path.write_bytes(pickle.dumps(made))
    return format_summary(inspect_dataset(load_dataset(path, declared), digest_of(path))).splitlines()


def test_classes_are_counted_by_name_over_the_whole_file(tmp_path: Path) -> None:
    made = content(classification_labels=lambda row: min(row, 2))
    lines = summary_of(tmp_path, made, Declared(target=Target("classes", ("sad", "happy", "angry", "calm"))))
    assert "  target        classes, one of 4 classes: sad, happy, angry, calm" in lines
    assert not any("label scale" in line for line in lines)
    start = lines.index("  samples of each class")
    assert [line.split() for line in lines[start + 1 :]] == [
        ["sad", "1", "####"], ["happy", "1", "####"], ["angry", "10", "#" * 40], ["calm", "0"],
    ]  # fmt: skip


def test_answers_and_numbers_are_counted_by_their_name(tmp_path: Path) -> None:
    answers = content(labels=lambda row: [row % 2, 1])
    lines = summary_of(tmp_path, answers, Declared(target=Target("binaries", ("sad", "happy"))))
    assert "  target        binaries, 2 yes-or-no answers: sad, happy" in lines
    assert [line.split()[:2] for line in lines[lines.index("  samples with a yes") + 1 :]] == [
        ["sad", "6"],
        ["happy", "12"],
    ]
    numbers = content(labels=lambda row: [row / 6 - 1, 2])
    lines = summary_of(tmp_path, numbers, Declared(target=Target("several", ("valence", "arousal"))))
    assert "  target        several, 2 numbers: valence, arousal" in lines
    assert "  labels of valence, rounded half to even" in lines


def test_ids_of_the_sdk_make_videos_of_clips_whatever_the_layout(tmp_path: Path) -> None:
    lines = summary_of(tmp_path, content(labels=lambda row: [[(row % 5 - 2) * 1.1]]))
    assert lines[0] == "data.pkl: 12 samples in 6 videos"
    assert not any("caution" in line for line in lines)


@pytest.mark.parametrize(
    ("ids", "words"),
    [("item{row}", "No groups are known"), ("v{row}$_$0", "Each of 12 videos is one item")],
)
def test_groups_of_one_item_each_are_a_caution(tmp_path: Path, ids: str, words: str) -> None:
    lines = summary_of(tmp_path, content(ids=ids, labels=lambda row: [[(row % 5 - 2) * 1.1]]))
    cautions = [line for line in lines if line.startswith("  caution")]
    assert len(cautions) == 1
    assert words in cautions[0] and "`data.groups` says what the groups are" in cautions[0]


def test_what_was_left_out_is_said(tmp_path: Path) -> None:
    made = content(regression_labels=lambda row: (row % 5 - 2) * 1.1)
    made["train_mix"] = made["train"]
    said = [line for line in summary_of(tmp_path, made) if line.startswith("  as read")]
    assert len(said) == 1 and "train_mix" in said[0]


def test_published_digests_are_those_of_five_files_of_mmsa() -> None:
    digests = [known.sha256 for known in KNOWN_FILES if known.sha256]
    assert len(set(digests)) == 5
    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in digests)


def test_a_file_is_named_by_its_digest_else_by_its_widths_and_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = content((768, 5, 20), regression_labels=lambda row: (row % 5 - 2) * 1.1)
    path = tmp_path / "any.pkl"
    path.write_bytes(pickle.dumps(made))
    dataset = load_dataset(path)
    features = (
        "  features      language 768: BERT (base), last layer; audio 5: 5 of COVAREP's 74, selected by the authors of "
        "MulT; vision 20: 20 of FACET's 35 or 47, selected by the authors of MulT (by their widths)"
    )
    assert list(describe_origin(dataset, digest_of(path))) == [features], "4 items are no MOSI"
    published = KnownFile("own.pkl", "somebody", (768, 5, 20), 4, "0" * 64)
    monkeypatch.setattr(known_files, "KNOWN_FILES", (published,))
    assert next(describe_origin(dataset, digest_of(path))) == (
        "  known file    has the widths and the number of items of own.pkl of somebody; its SHA-256 is none of those "
        "published"
    )
    assert list(describe_origin(dataset, "0" * 64)) == ["  known file    own.pkl of somebody, by its SHA-256", features]
