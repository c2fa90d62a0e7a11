"""Results of work that falls into parts, kept for when the same parts are asked for again."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reports.in_turn import MapItems

Item = TypeVar("Item")
Result = TypeVar("Result")


class RememberedResults:
    """A :class:`reports.in_turn.MapItems` that works once on an item, for one function of items that tell all of the
    work.

    Two items are the same where their pickled bytes are.

    Args:
        map_items: does the work.
    """

    def __init__(self, map_items: MapItems) -> None:
        self._map_items = map_items
        self._results: dict[bytes, Any] = {}

    def __call__(self, function: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
        keys = [hashlib.sha256(pickle.dumps(item)).digest() for item in items]
        unknown = {key: item for key, item in zip(keys, items, strict=True) if key not in self._results}
        self._results.update(zip(unknown, self._map_items(function, list(unknown.values())), strict=True))
        return [self._results[key] for key in keys]
