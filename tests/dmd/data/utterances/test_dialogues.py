"""Dialogue pickles at utterance level: classes, dialogues and speakers as in the file, no dialogue in two parts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.dataset.groups import GroupRule
from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.data.samples.target import Target
from dmd.errors import DataError
from dmd.job import FoldRef

IEMOCAP = {f"Ses0{session}F_impro0{number}": session for session in range(1, 6) for number in range(1, 5)}
"""Twenty dialogues of two to four utterances; the fifth session tests."""


def vector(width: int, *place: int) -> np.ndarray:
    return np.arange(width) + 10.0 * sum(place)


def iemocap(num_texts: int = 1) -> tuple[Any, ...]:
    """``IEMOCAP_features.pkl``: men and women in turn, emotions 0 to 5 in turn; or SDT's, with four kinds of text."""
    sizes = {name: 2 + number % 3 for number, name in enumerate(IEMOCAP)}

    def by_dialogue(make: Any) -> dict[str, list[Any]]:
        return {name: [make(name, place) for place in range(size)] for name, size in sizes.items()}

    start = dict(zip(sizes, np.cumsum([0, *list(sizes.values())[:-1]]).tolist(), strict=True))
    return (
        by_dialogue(lambda name, place: f"{name}_{'MF'[place % 2]}{place:03}"),
        by_dialogue(lambda name, place: "MF"[place % 2]),
        by_dialogue(lambda name, place: (start[name] + place) % 6),
        *(by_dialogue(lambda name, place, kind=kind: vector(4, kind, place)) for kind in range(num_texts)),
        by_dialogue(lambda name, place: vector(3, 2, place)),
        by_dialogue(lambda name, place: vector(5, 3, place)),
        by_dialogue(lambda name, place: "a sentence"),
        [name for name, session in IEMOCAP.items() if session < 5],
        {name for name, session in IEMOCAP.items() if session == 5},
    )


def meld(with_vision: bool) -> tuple[Any, ...]:
    """``MELD_features_raw.pkl`` (DialogueRNN, no vision) or ``MELD_features_raw1.pkl`` (MMGCN), dialogues by number."""
    sizes = {number: 7 if number % 2 else 1 for number in range(12)}

    def by_dialogue(make: Any) -> dict[int, list[Any]]:
        return {number: [make(number, place) for place in range(size)] for number, size in sizes.items()}

    vision = (by_dialogue(lambda number, place: vector(5, number)),) if with_vision else ()
    return (
        by_dialogue(lambda number, place: place),
        by_dialogue(lambda number, place: [int(place == speaker) for speaker in range(9)]),
        by_dialogue(lambda number, place: place),
        by_dialogue(lambda number, place: vector(6, number).tolist()),
        by_dialogue(lambda number, place: vector(3, number)),
        *vision,
        by_dialogue(lambda number, place: "a sentence"),
        list(range(9)),
        [9, 10, 11],
        by_dialogue(lambda number, place: place % 3),
    )


def write(folder: Path, content: object, protocol: int = 2) -> Path:
    path = folder / "features.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_iemocap_is_six_classes_in_dialogues_of_known_speakers_and_sessions(tmp_path: Path, protocol: int) -> None:
    path = write(tmp_path, iemocap(), protocol)
    dataset = load_dataset(path)
    assert dataset.target == Target("classes", ("happy", "sad", "neutral", "angry", "excited", "frustrated"))
    assert dataset.max_steps == {"language": 1, "audio": 1, "vision": 1}
    assert dataset.widths == {"language": 4, "audio": 3, "vision": 5}
    assert len(dataset) == sum(2 + number % 3 for number in range(20)) == 59
    assert dataset.count_labels() == {0: 10, 1: 10, 2: 10, 3: 10, 4: 10, 5: 9}
    assert dataset.grouping.noun == "dialogues"
    assert set(dataset.groups) == set(IEMOCAP)
    row = dataset.ids.index("Ses02F_impro01_F001")
    assert dataset.groups[row] == "Ses02F_impro01"
    assert dataset.real_steps("audio", np.array([row])).tolist() == [[30.0, 31.0, 32.0]]
    by_speaker = load_dataset(path, Declared(groups=GroupRule(key="speaker")))
    assert (by_speaker.grouping.noun, len(set(by_speaker.groups)), by_speaker.groups[row]) == ("speakers", 10, "Ses02F")
    by_session = load_dataset(path, Declared(groups=GroupRule(key="session")))
    assert sorted(set(by_session.groups)) == [f"Ses0{session}" for session in range(1, 6)]
    assert len(set(by_session.partition(FoldRef("group", k=5, fold=2)).test.inputs.groups)) == 1


def test_labels_of_the_parts_are_those_of_their_utterances(tmp_path: Path) -> None:
    content = iemocap()
    dataset = load_dataset(write(tmp_path, content))
    parts = dataset.partition(FoldRef())
    emotion = {
        name: label
        for dialogue, names in content[0].items()
        for name, label in zip(names, content[2][dialogue], strict=True)
    }
    for part in (parts.train, parts.valid):
        assert part.labels.tolist() == [emotion[name] for name in part.inputs.ids]
    assert {group[:5] for group in parts.test.inputs.groups} == {"Ses05"}


def test_a_file_without_validation_gets_whole_dialogues_for_it_always_the_same_and_says_so(tmp_path: Path) -> None:
    first = load_dataset(write(tmp_path, iemocap()))
    of_split = {split: {first.groups[row] for row in rows} for split, rows in first.splits.items()}
    assert {split: len(groups) for split, groups in of_split.items()} == {"train": 14, "valid": 2, "test": 4}
    assert not of_split["train"] & of_split["valid"]
    assert first.remarks[0].startswith("the file has no validation part: 2 of 16 training dialogues, drawn with seed 0")
    content = list(iemocap())
    content[-2] = set(content[-2])
    again = load_dataset(write(tmp_path, tuple(content)))
    assert {again.groups[row] for row in again.splits["valid"]} == of_split["valid"]
    given = (*iemocap(), ["Ses01F_impro01"])
    named = load_dataset(write(tmp_path, given))
    assert {named.groups[row] for row in named.splits["valid"]} == {"Ses01F_impro01"}
    assert not named.remarks


def test_of_four_kinds_of_text_the_first_is_read(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, iemocap(num_texts=4)))
    row = np.array([dataset.ids.index("Ses01F_impro01_M000")])
    assert dataset.real_steps("language", row).tolist() == [[0.0, 1.0, 2.0, 3.0]]
    assert dataset.widths == {"language": 4, "audio": 3, "vision": 5}
    assert any("of 4 kinds of text vectors the first is read" in remark for remark in dataset.remarks)


def test_meld_is_seven_classes_in_dialogues_by_number_with_or_without_vision(tmp_path: Path) -> None:
    dataset = load_dataset(write(tmp_path, meld(with_vision=True)))
    assert dataset.target.names == ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
    assert dataset.count_labels() == {0: 12, 1: 6, 2: 6, 3: 6, 4: 6, 5: 6, 6: 6}
    assert dataset.ids[dataset.splits["test"][0]] == "9[0]"
    assert set(dataset.groups) == {str(number) for number in range(12)}
    without = write(tmp_path, meld(with_vision=False))
    with pytest.raises(DataError, match=r"train/vision: key is missing.*write `data.modalities: \[language, audio\]`"):
        load_dataset(without)
    two = load_dataset(without, Declared(modalities=("language", "audio")))
    assert two.modalities == ("language", "audio")
    assert two.count_labels() == dataset.count_labels()


def test_melds_speakers_are_numbered_anew_in_every_dialogue_and_make_no_groups(tmp_path: Path) -> None:
    path = write(tmp_path, meld(with_vision=True))
    with pytest.raises(DataError, match=r"speaker: key is missing in train, valid, test; `data.groups` names it"):
        load_dataset(path, Declared(groups=GroupRule(key="speaker")))


def test_other_labels_have_a_key_and_other_classes_are_named_by_the_user(tmp_path: Path) -> None:
    path = write(tmp_path, meld(with_vision=True))
    sentiment = Target("classes", ("neutral", "positive", "negative"))
    dataset = load_dataset(path, Declared(target=sentiment, label_keys=("labels_2",)))
    assert dataset.count_labels() == {0: 24, 1: 12, 2: 12}
    content = list(meld(with_vision=True))
    content[2] = {number: [place % 5 for place in range(len(labels))] for number, labels in content[2].items()}
    with pytest.raises(DataError, match=r"kind: classes, names: \[\.\.\.\]}` with 5 names"):
        load_dataset(write(tmp_path, tuple(content)))


def test_a_dialogue_file_is_converted_to_the_same_data(tmp_path: Path) -> None:
    path = write(tmp_path, iemocap())
    converted = convert_dataset(str(path), tmp_path / "mapped")
    assert converted.content_hash == load_dataset(path).content_hash
    assert open_dataset(str(tmp_path / "mapped")).remarks == load_dataset(path).remarks


BROKEN = [
    ((3, "Ses01F_impro01", [vector(4)]), "train/text: dialogue 'Ses01F_impro01' must have as many as labels"),
    (
        (3, "Ses01F_impro01", [vector(4), vector(9)]),
        r"train/text: must be one vector per utterance.*widths are \[4, 9\]",
    ),
    ((2, "Ses01F_impro01", [0, "x"]), "train/labels: must be one number per utterance"),
    ((1, "Ses01F_impro01", ["M"]), "train/speakers: dialogue 'Ses01F_impro01' must have as many as labels"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN, ids=[message[:30] for _, message in BROKEN])
def test_what_does_not_fit_together_is_named(tmp_path: Path, change: tuple[int, str, list[Any]], message: str) -> None:
    content = iemocap()
    part, dialogue, value = change
    content[part][dialogue] = value
    with pytest.raises(DataError, match=message):
        load_dataset(write(tmp_path, content))


def test_a_list_of_dialogues_that_are_not_there_and_a_tuple_of_something_else_are_named(tmp_path: Path) -> None:
    content = list(iemocap())
    content[-1] = ["Ses09F_impro01"]
    with pytest.raises(DataError, match=r"test: 1 of 1 dialogues of this part are not in the file"):
        load_dataset(write(tmp_path, tuple(content)))
    with pytest.raises(DataError, match=r"5 dictionaries of vectors and 2 lists of dialogues are of no known layout"):
        load_dataset(write(tmp_path, iemocap(num_texts=3)))
