"""Feature pickles of the DialogueRNN line (DialogueGCN, MMGCN, SDT): a tuple of dictionaries by dialogue.

``(ids, speakers, labels, text, [more text], audio, [vision], sentences, train, test, [valid], [other labels])``: each
dictionary has a list of utterances for every dialogue, and a vector per utterance where it holds features, so every
modality has one step. Which features there are, their number tells:

| dictionaries of vectors | are |
|---|---|
| 1, 4 of one width | text (RoBERTa's last layers: the first is read) |
| 2 | text, audio (MELD of DialogueRNN) |
| 3 | text, audio, vision (IEMOCAP; MELD of MMGCN) |
| 6, the first 4 of one width | text (four layers: the first is read), audio, vision (SDT) |
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dmd.data.samples.arrays import AnyArray
from dmd.data.utterances.listed import FEATURE_KEYS, Listed, Tell, as_text, as_vector, is_inflated
from dmd.data.utterances.validation import draw_validation

FEWEST_PARTS = 6
"""Ids, speakers, labels, one kind of features, training and test dialogues."""

IEMOCAP_EMOTIONS = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
MELD_EMOTIONS = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
"""Classes by number, as DialogueRNN's loaders list them."""

_IEMOCAP = re.compile(r"(Ses\d\d)[FM]_(impro|script)")
_PLACES: Mapping[int, tuple[int, ...]] = {1: (0,), 2: (0, 1), 3: (0, 1, 2), 4: (0,), 6: (0, 4, 5)}
"""Number of dictionaries of vectors -> which of them are text, audio, vision."""


@dataclass(frozen=True)
class _Parts:
    """The parts of a tuple by what they are: each a dictionary by dialogue, but for the lists of dialogues."""

    ids: Mapping[Any, Any]
    speakers: Mapping[Any, Any]
    labels: Mapping[Any, Any]
    vectors: Sequence[Mapping[Any, Any]]
    other_labels: Sequence[Mapping[Any, Any]]
    members: Sequence[Sequence[Any]]


def is_dialogues(content: object) -> bool:
    """Whether this is such a tuple: dictionaries first, then collections of their keys."""
    if not isinstance(content, list | tuple) or len(content) < FEWEST_PARTS:
        return False
    return all(isinstance(part, Mapping) and part for part in content[:4]) and any(
        isinstance(part, list | tuple | set | frozenset) for part in content[4:]
    )


def read_dialogues(content: Sequence[Any], wanted: Sequence[str], tell: Tell) -> Listed:
    """The utterances of a tuple, dialogue by dialogue.

    Args:
        content: the tuple.
        wanted: the keys of :data:`FEATURE_KEYS` that are to be read.
        tell: gets what is wrong.
    """
    parts = _tell_apart(content)
    places = _PLACES.get(len(parts.vectors))
    if places is None or len(parts.members) not in (2, 3):
        tell(
            "dialogues",
            f"{len(parts.vectors)} dictionaries of vectors and {len(parts.members)} lists of dialogues are of no known "
            "layout (ids, speakers, labels, text, audio, vision, sentences, train, test); save it as .npz",
        )
        return Listed({})
    remarks = []
    train, test, *valid = parts.members
    if not valid:
        train, drawn = draw_validation([str(name) for name in train], train)
        remarks.append(
            f"the file has no validation part: {len(drawn)} of {len(train) + len(drawn)} training dialogues, drawn "
            "with seed 0, are it (the published code takes the first tenth)"
        )
        valid = [drawn]
    if len(parts.vectors) > len(places):
        remarks.append(f"of {len(parts.vectors) - len(places) + 1} kinds of text vectors the first is read")
    features = {key: parts.vectors[place] for key, place in zip(FEATURE_KEYS, places, strict=False)}
    tables = {
        split: _read_split(split, dialogues, parts, {key: features[key] for key in wanted if key in features}, tell)
        for split, dialogues in (("train", train), ("valid", valid[0]), ("test", test))
    }
    return Listed(
        {split: table for split, table in tables.items() if table is not None},
        tuple(remarks),
        _emotions([name for part in parts.members for name in part], parts),
    )


def _tell_apart(content: Sequence[Any]) -> _Parts:
    ids, speakers, labels, *rest = content
    vectors, others = [], []
    for part in rest:
        first = (
            next((item for items in part.values() for item in _utterances(items)), None)
            if isinstance(part, Mapping)
            else None
        )
        if as_vector(first) is not None and len(as_vector(first)) > 1:  # type: ignore[arg-type]
            vectors.append(part)
        elif isinstance(first, int | np.integer):
            others.append(part)
    members = [_in_order(part) for part in rest if isinstance(part, list | tuple | set | frozenset)]
    return _Parts(ids, speakers, labels, vectors, others, members)


def _in_order(names: Collection[Any]) -> list[Any]:
    """The dialogues of a part: a list in its order, a set by name."""
    return sorted(names, key=str) if isinstance(names, set | frozenset) else list(names)


def _utterances(items: object) -> Sequence[Any]:
    if isinstance(items, np.ndarray):
        return list(items) if items.ndim else ()
    return items if isinstance(items, list | tuple) else ()


def _read_split(
    split: str, dialogues: Sequence[Any], parts: _Parts, features: Mapping[str, Mapping[Any, Any]], tell: Tell
) -> dict[str, AnyArray] | None:
    named = [name for name in dialogues if isinstance(name, str | bytes | int | np.integer) and name in parts.labels]
    if len(named) < len(dialogues) or not named:
        tell(split, f"{len(dialogues) - len(named)} of {len(dialogues)} dialogues of this part are not in the file")
        return None
    counts = [len(_utterances(parts.labels[name])) for name in named]
    for what, part in {"ids": parts.ids, "speakers": parts.speakers, **features}.items():
        wrong = [name for name, count in zip(named, counts, strict=True) if len(_utterances(part.get(name))) != count]
        if wrong:
            tell(f"{split}/{what}", f"dialogue {as_text(wrong[0])!r} must have as many as labels ({len(wrong)} such)")
            return None
    names = [as_text(name) or "" for name, count in zip(named, counts, strict=True) for _ in range(count)]
    places = [place for count in counts for place in range(count)]
    given = [as_text(item) for name in named for item in _utterances(parts.ids[name])]
    table: dict[str, AnyArray] = {
        "id": np.array([_id_of(*each) for each in zip(given, names, places, strict=True)]),
        "dialogue": np.array(names),
        **_speakers([item for name in named for item in _utterances(parts.speakers[name])], names),
        **_sessions(names),
    }
    for key, part in (
        ("labels", parts.labels),
        *((f"labels_{i + 2}", other) for i, other in enumerate(parts.other_labels)),
    ):
        numbers = [item for name in named for item in _utterances(part.get(name))]
        if len(numbers) == len(names) and all(isinstance(number, int | float | np.number) for number in numbers):
            table[key] = np.array(numbers)
        elif key == "labels":
            tell(f"{split}/labels", "must be one number per utterance")
    for key, part in features.items():
        vectors = [as_vector(item) for name in named for item in _utterances(part[name])]
        joined = _join(f"{split}/{key}", vectors, tell)
        if joined is not None:
            table[key] = joined
    return table


def _id_of(given: str | None, dialogue: str, place: int) -> str:
    """The utterance's own id where it names the dialogue, as IEMOCAP's do; else the dialogue's and a number."""
    return given if given is not None and given.startswith(dialogue) and given != dialogue else f"{dialogue}[{place}]"


def _speakers(speakers: Sequence[Any], dialogues: Sequence[str]) -> dict[str, AnyArray]:
    """Who speaks, where the file knows people; MELD's one-hot rows number the speakers of each dialogue anew."""
    named = [as_text(speaker) for speaker in speakers]
    if None in named:
        return {}
    sessions = [match[1] if (match := _IEMOCAP.match(dialogue)) else "" for dialogue in dialogues]
    return {"speaker": np.array([f"{session}{name}" for session, name in zip(sessions, named, strict=True)])}


def _sessions(dialogues: Sequence[str]) -> dict[str, AnyArray]:
    """IEMOCAP's recording sessions, each with its own pair of actors."""
    found = [_IEMOCAP.match(dialogue) for dialogue in dialogues]
    return {"session": np.array([match[1] for match in found if match])} if all(found) else {}


def _join(where: str, vectors: Sequence[AnyArray | None], tell: Tell) -> AnyArray | None:
    sound = [vector for vector in vectors if vector is not None]
    widths = sorted({len(vector) for vector in sound})
    if len(sound) < len(vectors) or len(widths) != 1:
        tell(where, f"must be one vector per utterance, all as wide, but widths are {widths[:10]}")
        return None
    if is_inflated(sound):
        tell(where, "repeats a few arrays until they are far larger than the file; nothing was joined")
        return None
    with np.errstate(over="ignore"):
        return np.stack(sound).astype(np.float32)


def _emotions(dialogues: Sequence[Any], parts: _Parts) -> tuple[str, ...]:
    """The classes of IEMOCAP or MELD; none where the file may be another."""
    numbers = {
        number
        for labels in parts.labels.values()
        for number in _utterances(labels)
        if isinstance(number, int | np.integer)
    }
    if numbers and all(_IEMOCAP.match(as_text(name) or "") for name in dialogues):
        return IEMOCAP_EMOTIONS if numbers <= set(range(6)) else ()
    is_meld = all(isinstance(name, int | np.integer) for name in dialogues)
    return MELD_EMOTIONS if is_meld and numbers == set(range(7)) else ()
