"""How a report goes through work that falls into independent parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class MapItems(Protocol):
    """Gives the result of a function for each item, in their order; a caller may share the work among processes."""

    def __call__(self, function: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]: ...


def in_turn(function: Callable[[Item], Result], items: Sequence[Item], /) -> list[Result]:
    """One after the other."""
    return [function(item) for item in items]
