"""Which clips belong together: by the user's word, by a key, by the ids; and nothing is called what it may not be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.groups import GroupRule, noun_of
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.errors import DataError
from dmd.job import FoldRef
from tests.dmd.data_builders import Arrays, npz_arrays, write_npz

FOLD = FoldRef("group", k=3, fold=0)


def with_ids(ids: Sequence[str], videos: Sequence[str] | None = None, key: str = "video") -> Arrays:
    """The 18 rows of :func:`npz_arrays` (8, 4, 6) under these ids."""
    arrays = {name: array for name, array in npz_arrays(with_folds=False).items() if not name.endswith("/video")}
    ends = {"train": (0, 8), "valid": (8, 12), "test": (12, 18)}
    for split, (start, end) in ends.items():
        arrays[f"{split}/id"] = np.array(ids[start:end])
        if videos is not None:
            arrays[f"{split}/{key}"] = np.array(videos[start:end])
    return arrays


def load_ids(folder: Path, ids: Sequence[str]) -> Dataset:
    return load_dataset(write_npz(folder, with_ids(ids)))


VIDEOS = [f"_dI--eQ6qV{row // 2}" for row in range(18)]
"""Two clips of each; a YouTube id may begin with ``_`` and hold ``-``."""


@pytest.mark.parametrize(
    ("form", "noun"),
    [("{video}$_${clip}", "videos"), ("{video}[{clip}]", "videos"), ("{video}_{clip}", "groups")],
)
def test_ids_of_every_known_form_give_the_groups_that_a_key_gives(tmp_path: Path, form: str, noun: str) -> None:
    ids = [form.format(video=video, clip=row % 2) for row, video in enumerate(VIDEOS)]
    by_ids = load_ids(tmp_path, ids)
    assert by_ids.groups == tuple(VIDEOS)
    assert by_ids.grouping.noun == noun
    by_key = load_dataset(write_npz(tmp_path, with_ids(ids, VIDEOS)))
    assert by_key.content_hash == by_ids.content_hash, "the same data, so the same trials"
    parts = by_ids.partition(FOLD)
    assert not set(parts.train.inputs.groups) & set(parts.test.inputs.groups)


def test_utterances_of_a_dialogue_are_counted_with_a_word(tmp_path: Path) -> None:
    dataset = load_ids(tmp_path, [f"dia{row // 2}_utt{row % 2}" for row in range(18)])
    assert dataset.groups == tuple(f"dia{row // 2}" for row in range(18))


def test_a_key_goes_before_the_ids_and_a_missing_one_is_named(tmp_path: Path) -> None:
    ids = [f"{video}$_${row % 2}" for row, video in enumerate(VIDEOS)]
    arrays = with_ids(ids, [f"film{row // 3}" for row in range(18)])
    assert load_dataset(write_npz(tmp_path, arrays)).groups == tuple(f"film{row // 3}" for row in range(18))
    del arrays["valid/video"]
    with pytest.raises(DataError, match=r"video: key is missing in valid; groups must be given for every split"):
        load_dataset(write_npz(tmp_path, arrays))


NO_GROUPS = {
    "a bare number": [str(row) for row in range(18)],
    "one word and a count": [f"clip_{row}" for row in range(18)],
    "the split and a count": [f"{('train' if row < 8 else 'val' if row < 12 else 'test')}_{row}" for row in range(18)],
    "bare videos": [f"a_b{row}-{row * row}" for row in range(18)],
    "some with an underscore": [f"vid{row // 2}_{row % 2}" if row else "other" for row in range(18)],
    "a video each": [f"vid{row}$_$0" for row in range(18)],
}


@pytest.mark.parametrize("name", NO_GROUPS)
def test_folds_by_video_are_refused_where_every_item_would_be_a_group(tmp_path: Path, name: str) -> None:
    dataset = load_ids(tmp_path, NO_GROUPS[name])
    for cut in (dataset.partition, dataset.ids_of_parts, dataset.count_parts, dataset.seal_test):
        with pytest.raises(DataError) as caught:
            cut(FOLD)
        message = str(caught.value)
        assert len(message.splitlines()) == 1
        for part in (repr(NO_GROUPS[name][0]), "`video`", "data.groups: {key: KEY}", "data.groups: {pattern:"):
            assert part in message
    assert dataset.partition(FoldRef()).train is not None, "the official split asks for no groups"


def test_where_no_groups_are_known_nothing_is_called_a_group(tmp_path: Path) -> None:
    assert load_ids(tmp_path, NO_GROUPS["a bare number"]).grouping.noun == "items"


def test_a_column_that_differs_in_every_item_is_refused_unless_the_user_means_it(tmp_path: Path) -> None:
    path = write_npz(tmp_path, with_ids(NO_GROUPS["a bare number"], NO_GROUPS["bare videos"]))
    with pytest.raises(DataError, match="every item is a group of its own: key `video`"):
        load_dataset(path).partition(FOLD)
    meant = load_dataset(path, Declared(groups=GroupRule(key="video")))
    assert len(meant.partition(FOLD).test) == 6
    items = load_dataset(path, Declared(groups=GroupRule(key="id")))
    assert items.grouping.noun == "items"
    assert items.groups == items.ids
    assert len(items.partition(FOLD).test) == 6


def test_the_user_names_a_key_or_a_pattern(tmp_path: Path) -> None:
    ids = [f"s{row // 6}-vid{row // 2}-{row % 2}" for row in range(18)]
    speakers = [f"s{row // 6}" for row in range(18)]
    path = write_npz(tmp_path, with_ids(ids, speakers, "speaker_id"))
    by_key = load_dataset(path, Declared(groups=GroupRule(key="speaker_id")))
    assert (by_key.groups, by_key.grouping.noun) == (tuple(speakers), "speakers")
    named = load_dataset(path, Declared(groups=GroupRule(pattern="(?P<speaker>s[0-9]+)-")))
    assert (named.groups, named.grouping.noun) == (tuple(speakers), "speakers")
    plain = load_dataset(path, Declared(groups=GroupRule(pattern="(.+)-[0-9]+$")))
    assert (plain.groups[:3], plain.grouping.noun) == (("s0-vid0", "s0-vid0", "s0-vid1"), "groups")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (GroupRule(key="speaker"), "speaker: key is missing in train, valid, test; `data.groups` names it"),
        (GroupRule(pattern="v(.)"), r"pattern 'v\(.\)' gives no group for 18 of 18 ids, such as '0'"),
        (GroupRule(pattern="("), r"pattern '\(' is no regular expression"),
    ],
)
def test_a_rule_that_does_not_fit_the_file_is_one_line(tmp_path: Path, rule: GroupRule, message: str) -> None:
    path = write_npz(tmp_path, with_ids(NO_GROUPS["a bare number"]))
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(path, Declared(groups=rule))
    assert len(str(caught.value).splitlines()) == 1


def test_a_converted_folder_keeps_its_groups_and_takes_another_pattern(tmp_path: Path) -> None:
    ids = [f"s{row // 6}-vid{row // 2}-{row % 2}" for row in range(18)]
    path = write_npz(tmp_path, with_ids(ids, [f"s{row // 6}" for row in range(18)], "speaker"))
    speaker = Declared(groups=GroupRule(key="speaker"))
    folder = convert_dataset(str(path), tmp_path / "mapped", declared=speaker)
    assert open_dataset(str(tmp_path / "mapped")).grouping == folder.grouping == load_dataset(path, speaker).grouping
    assert open_dataset(str(tmp_path / "mapped"), declared=speaker).content_hash == folder.content_hash
    pattern = Declared(groups=GroupRule(pattern="(.+)-[0-9]+$"))
    regrouped = open_dataset(str(tmp_path / "mapped"), declared=pattern)
    assert regrouped.content_hash == load_dataset(path, pattern).content_hash
    with pytest.raises(DataError, match=r"convert the file again with --group-key dialogue"):
        open_dataset(str(tmp_path / "mapped"), declared=Declared(groups=GroupRule(key="dialogue")))


def test_a_name_says_what_groups_are_only_where_it_is_known() -> None:
    names = {"video": "videos", "Video_ID": "videos", "speakers": "speakers", "dialogue_id": "dialogues", "id": "items"}
    assert {name: noun_of(name) for name in names} == names
    assert noun_of("film_number") == noun_of("x") == noun_of("_") == "groups"
