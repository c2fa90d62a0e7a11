"""Sound contents of pickles in which a few values, at any depth, are something else."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.dmd.data.formats.test_emotion_files import mult, sims
from tests.dmd.data.utterances.test_dialogues import iemocap, meld
from tests.dmd.data.utterances.test_tuples import LABELS, items, vectors

SOUND: tuple[Callable[[], Any], ...] = (
    iemocap,
    lambda: meld(True),
    lambda: iemocap(4),
    lambda: {split: items(split, vectors) for split in LABELS},
    mult,
    sims,
)

JUNK: tuple[Any, ...] = (
    *(None, 1, -1, 2**70, 1.5, float("nan"), True, "x", b"y", np.float32(2)),
    *([], (), {}, set(), [1], ["a"], [None], {"a": 1}, {1}, frozenset({"a"}), [[1, 2], [3]]),
    *(np.zeros(0), np.zeros((0, 3)), np.zeros((2, 0)), np.array(3.0), np.zeros((2, 2, 2)), np.full((3, 4), np.inf)),
    *(np.array(["a", "b"]), np.array([1, "a"], dtype=object)),
    *([np.zeros(3)], [np.zeros(3), np.zeros(4)], [np.zeros(3), "x"], (np.zeros(3),)),
)


def spoiled(seed: int) -> Any:
    """One of the sound contents with one or two values replaced; mostly high up, where more depends on them."""
    draw = random.Random(seed)
    content = draw.choice(SOUND)()
    for _ in range(draw.choice((1, 1, 2))):
        places = list(_places(content))
        high = [place for place in places if len(place) <= 2]
        place = draw.choice(high if draw.random() < 0.6 else places)
        content = _replaced(content, place, copy.deepcopy(draw.choice(JUNK)))
    return content


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    if isinstance(value, dict | list | tuple):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*place, key))


def _replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    made = list(value) if isinstance(value, tuple) else value
    made[place[0]] = _replaced(made[place[0]], place[1:], new)
    return tuple(made) if isinstance(value, tuple) else made
