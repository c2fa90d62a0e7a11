"""Work shared among processors by forked copies of this process."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from typing import BinaryIO, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_PLACE_BYTES, _MOST_ITEMS = 4, 10_000
"""The places of so many items fit into a pipe that nobody reads yet (64 KiB)."""


def map_forked(function: Callable[[Item], Result], items: Sequence[Item], num_processes: int) -> list[Result]:
    """``[function(item) for item in items]``; this process and copies of it each take the next item when they are free.

    A copy has one thread and nobody's locks, so this process must have no other thread: where it has one, or the system
    does not fork safely, it works alone. What a copy raises, raises here.
    """
    num_processes = min(num_processes, len(items))
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    if num_processes < 2 or not is_safe or len(items) > _MOST_ITEMS:
        return [function(item) for item in items]
    queue = _make_queue(len(items))
    copies = [_fork(function, items, queue) for _ in range(num_processes - 1)]
    try:
        results = _work(function, items, queue)
    finally:
        os.close(queue)
        # Also where this process fails: what copies write would find no reader, and they would stay as zombies.
        answers: list[dict[int, Result] | BaseException] = [_collect(copy) for copy in copies]
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        results |= answer
    return [results[place] for place in range(len(items))]


def _make_queue(num_items: int) -> int:
    """The end of a pipe from which each reader gets another place of an item, until there is none left."""
    reading, writing = os.pipe()
    os.write(writing, b"".join(place.to_bytes(_PLACE_BYTES, "big") for place in range(num_items)))
    os.close(writing)
    return reading


def _work(function: Callable[[Item], Result], items: Sequence[Item], queue: int) -> dict[int, Result]:
    results = {}
    while place := os.read(queue, _PLACE_BYTES):
        index = int.from_bytes(place, "big")
        results[index] = function(items[index])
    return results


def _fork(function: Callable[[Item], Result], items: Sequence[Item], queue: int) -> tuple[int, BinaryIO]:
    """A copy of this process that works on ``items``; its id, and where its answer comes from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading, "rb")
    # The copy leaves without cleaning up what belongs to its parent.
    try:
        os.close(reading)
        try:
            answer: dict[int, Result] | BaseException = _work(function, items, queue)
        except BaseException as error:
            answer = error
        with os.fdopen(writing, "wb") as file:
            pickle.dump(answer, file)
    finally:
        os._exit(0)


def _collect(copy: tuple[int, BinaryIO]) -> dict[int, Result] | BaseException:
    child, source = copy
    with source:
        content = source.read()
    os.waitpid(child, 0)
    if not content:
        return RuntimeError("a copy of this process that shared its work was killed")
    answer: dict[int, Result] | BaseException = pickle.loads(content)
    return answer
