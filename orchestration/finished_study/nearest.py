"""The configuration that lies nearest to others: what folds agree on most, without a look at their values."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from statistics import fmean

from search_spaces.terms.trial import Value

Parameters = Mapping[str, Value]


def nearest(candidates: Sequence[Parameters], others: Sequence[Parameters], tried: Sequence[Parameters]) -> int:
    """The index of the candidate with the least mean distance to ``others``; the first of equals.

    The distance of two numbers is the share of all that were tried which lies between them, so that it is in no unit
    and the same on a logarithmic scale. Two other values, or a parameter that one configuration does not have, are as
    far apart as can be.

    Args:
        candidates: at least one.
        others: may have the candidates among them.
        tried: what the searches tried, for their spread.
    """
    ranks = _ranks(tried)

    def distance(first: Parameters, second: Parameters) -> float:
        names = {*first, *second}
        return fmean(_apart(first, second, name, ranks.get(name, [])) for name in names) if names else 0.0

    sums = [sum(distance(candidate, other) for other in others) for candidate in candidates]
    return sums.index(min(sums))


def _apart(first: Parameters, second: Parameters, name: str, values: Sequence[float]) -> float:
    one, other = (_as_number(parameters.get(name)) for parameters in (first, second))
    if one is None or other is None:
        return float(first.get(name) != second.get(name) or (name in first) != (name in second))
    return abs(_rank(one, values) - _rank(other, values))


def _ranks(tried: Sequence[Parameters]) -> dict[str, list[float]]:
    """Name -> its numbers, ascending."""
    found: dict[str, list[float]] = {}
    for parameters in tried:
        for name, value in parameters.items():
            if (number := _as_number(value)) is not None:
                found.setdefault(name, []).append(number)
    return {name: sorted(values) for name, values in found.items()}


def _rank(value: float, values: Sequence[float]) -> float:
    """The share of ``values`` below ``value``; equal ones count half."""
    below, up_to = bisect_left(values, value), bisect_right(values, value)
    return (below + up_to) / 2 / len(values) if values else 0.0


def _as_number(value: Value | None) -> float | None:
    """None for words and switches, which have no order."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
