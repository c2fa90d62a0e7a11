"""Lists of ``((words, visual, acoustic), label, segment)``: MISA's ``train.pkl`` and MAG-BERT's ``mosi.pkl``.

MAG-BERT's file is a dictionary of three such lists, MISA's cache a folder of three files, each one list. ``dev`` is the
validation part. The segment is the id, ``video[k]``. What ``words`` are, their content tells: vectors (the language
modality), numbers of words in a vocabulary, or words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from dmd.data.samples.arrays import AnyArray, FloatArray, IntArray
from dmd.data.utterances.label_columns import describe_columns, label_columns
from dmd.data.utterances.listed import FEATURE_KEYS, Listed, Tell, as_steps, as_text, pad

SPLIT_NAMES: Mapping[str, str] = {"train": "train", "dev": "valid", "valid": "valid", "test": "test"}
"""What the lists are called -> what the split is called here."""

Words = Literal["vectors", "numbers", "words"]


def is_list_of_tuples(value: object) -> bool:
    """Whether this is one split: a list of items, the first of which looks like one."""
    if not isinstance(value, list | tuple) or not value:
        return False
    first = value[0]
    return (
        isinstance(first, list | tuple) and len(first) > 2 and isinstance(first[0], list | tuple) and len(first[0]) > 2
    )


def is_dictionary_of_lists(content: object) -> bool:
    """Whether this is a dictionary of such lists."""
    return isinstance(content, Mapping) and any(is_list_of_tuples(content.get(name)) for name in SPLIT_NAMES)


def read_tuples(
    content: Mapping[Any, Any],
    wanted: Sequence[str],
    embedding: FloatArray | None,
    tell: Tell,
    reads_labels: bool = True,
) -> Listed:
    """The items of a dictionary of lists.

    Args:
        content: ``train``, ``dev`` or ``valid``, ``test`` -> list of tuples.
        wanted: the keys of :data:`FEATURE_KEYS` that are to be read.
        embedding: (V, D) vectors of a vocabulary whose numbers ``words`` are; None: there is none.
        tell: gets what is wrong.
        reads_labels: whether labels must be there; otherwise they are not looked at.
    """
    found = {SPLIT_NAMES[name]: content[name] for name in SPLIT_NAMES if name in content}
    tables = {split: _read_split(split, items, wanted, embedding, tell) for split, items in found.items()}
    if reads_labels:
        for split, table in tables.items():
            if table is not None:
                table |= _labels(split, [item[1] for item in found[split]], tell)
    left = sorted(str(name) for name in content if name not in SPLIT_NAMES)
    sound = {split: table for split, table in tables.items() if table is not None}
    remarks = [f"not read: {', '.join(left)[:200]}"] if left else []
    return Listed(sound, (*remarks, *describe_columns(sound)))


def _read_split(
    split: str, items: object, wanted: Sequence[str], embedding: FloatArray | None, tell: Tell
) -> dict[str, AnyArray] | None:
    if not is_list_of_tuples(items) or not isinstance(items, list | tuple):
        tell(split, f"must be a list of ((words, visual, acoustic), label, segment), but is a {type(items).__name__}")
        return None
    broken = [row for row, item in enumerate(items) if not is_list_of_tuples([item])]
    if broken:
        tell(split, f"item {broken[0]} is no ((words, visual, acoustic), label, segment) ({len(broken)} such items)")
        return None
    table: dict[str, AnyArray] = {}
    segments = [as_text(item[2]) for item in items]
    if None in segments:
        tell(f"{split}/segment", f"item {segments.index(None)} has no segment that is text")
    else:
        table["id"] = np.array(segments)
    parts = dict(zip(FEATURE_KEYS, ([item[0][place] for item in items] for place in (0, 2, 1)), strict=True))
    for key in wanted:
        values = _language(split, parts[key], embedding, tell) if key == "text" else parts[key]
        if values is not None:
            table |= _features(f"{split}/{key}", key, values, tell)
    return table


def _labels(split: str, labels: Sequence[Any], tell: Tell) -> dict[str, AnyArray]:
    rows = [np.asarray(label, dtype=np.float64).reshape(-1) if _is_numeric(label) else None for label in labels]
    sizes = {0 if row is None else row.size for row in rows}
    if len(sizes) != 1 or 0 in sizes:
        tell(f"{split}/label", f"must be as many numbers in every item, but there are {sorted(sizes)[:10]}")
        return {}
    return label_columns(np.stack([row for row in rows if row is not None]))


def _is_numeric(label: object) -> bool:
    return isinstance(label, int | float | np.number) or (isinstance(label, np.ndarray) and label.dtype.kind in "biuf")


def _language(split: str, words: Sequence[Any], embedding: FloatArray | None, tell: Tell) -> list[Any] | None:
    """The vectors of the words of every item; None where there are none, and how to get some is told."""
    kind = kind_of_words(words)
    if kind == "vectors":
        return list(words)
    if kind == "words":
        tell(
            f"{split}/words",
            "are words and no vectors: put a vector (GloVe, BERT) in the place of every word, as a (T, D) array, or "
            "leave language out with `data.modalities: [audio, vision]` (dmd-data: `--modalities audio,vision`)",
        )
        return None
    if embedding is None:
        tell(
            f"{split}/words",
            "are numbers of words in a vocabulary and no vectors: save its vectors beside the file (of MISA's "
            "`embedding_and_mapping.pt`: `numpy.save('embedding.npy', vectors)`), or leave language out with "
            "`data.modalities: [audio, vision]` (dmd-data: `--modalities audio,vision`)",
        )
        return None
    numbers = [found for item in words if (found := _numbers_of(item)) is not None]
    every = np.concatenate([np.zeros(1, np.int64), *numbers])
    if every.min() < 0 or every.max() >= len(embedding):
        outside = every.min() if every.min() < 0 else every.max()
        tell(f"{split}/words", f"word {outside} has no vector among the {len(embedding)} of embedding.npy")
        return None
    return [embedding[item] for item in numbers]


def kind_of_words(words: Sequence[Any]) -> Words:
    """What the words of items are: vectors (T, D), whole numbers (T,), or anything else, which are words."""
    if all(as_steps(item) is not None for item in words):
        return "vectors"
    return "numbers" if all(_numbers_of(item) is not None for item in words) else "words"


def _numbers_of(item: object) -> IntArray | None:
    """(T,) whole numbers; None of anything else."""
    if isinstance(item, np.ndarray):
        return item.astype(np.int64) if item.ndim == 1 and item.size and item.dtype.kind in "iu" else None
    if isinstance(item, list | tuple) and item and all(isinstance(word, int | np.integer) for word in item):
        return np.array(item, dtype=np.int64) if all(abs(int(word)) < 1 << 31 for word in item) else None
    return None


def _features(where: str, key: str, values: Sequence[Any], tell: Tell) -> dict[str, AnyArray]:
    steps = [as_steps(value) for value in values]
    sound = [step for step in steps if step is not None]
    if len(sound) < len(steps):
        row = next(row for row, step in enumerate(steps) if step is None)
        tell(where, f"item {row} must be (T, D) numbers with at least one step ({len(steps) - len(sound)} such items)")
        return {}
    padded = pad(where, sound, tell)
    return {} if padded is None else {key: padded[0], f"{key}_lengths": padded[1]}
