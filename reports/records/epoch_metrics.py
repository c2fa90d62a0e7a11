"""The metrics of an epoch, kept small: a study has hundred thousands of epochs, all with the same names."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache


class EpochMetrics(Mapping[str, float]):
    """A mapping that shares its names with every other of the same names; equal to a dict of the same content.

    Args:
        metrics: name -> value.
    """

    __slots__ = ("_places", "_start", "_values")

    def __init__(self, metrics: Mapping[str, float]) -> None:
        self._places = _places_of(tuple(metrics))
        self._values = array("d", metrics.values())
        self._start = 0

    @classmethod
    def of_curve(cls, curve: Iterable[Mapping[str, float]]) -> Iterator[EpochMetrics]:
        """Those of one epoch after the other; their values lie in one array, which all of them keep."""
        values = array("d")
        for metrics in curve:
            epoch = cls.__new__(cls)
            epoch._places, epoch._values, epoch._start = _places_of(tuple(metrics)), values, len(values)
            values.extend(metrics.values())
            yield epoch

    def __getitem__(self, name: str) -> float:
        return self._values[self._start + self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))


@lru_cache(maxsize=1024)
def _places_of(names: tuple[str, ...]) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(names)}
