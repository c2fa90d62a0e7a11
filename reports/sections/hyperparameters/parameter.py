"""A searched parameter and its range, read from the description of the study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from reports.records.run_record import Value
from reports.text.rounding import compact

Kind = Literal["log_uniform", "uniform", "int", "choice"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class SearchedParameter:
    """One parameter with the values that were searched.

    Its *unit* coordinate runs from 0 (``low``) to 1 (``high``), even in what the search drew evenly from: the logarithm
    for ``log_uniform``. The unit of a choice is the index of the option.

    Attributes:
        name: of the setting.
        kind: of the distribution.
        low, high: bounds of a numeric parameter; 0 for a choice.
        options: values of a choice; empty for a numeric parameter.
        least, most: what the setting can be at all; None: it has no such end, or it was not recorded.
    """

    name: str
    kind: Kind
    low: float = 0.0
    high: float = 0.0
    options: tuple[Value, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def is_numeric(self) -> bool:
        """False for a choice, whose options have no order."""
        return self.kind != "choice"

    @property
    def is_ordered(self) -> bool:
        """Whether its values have a first and a last: numbers, listed in rising or falling order if they are listed."""
        if self.is_numeric:
            return True
        numbers = [float(option) for option in self.options if _is_number(option)]
        return len(numbers) == len(self.options) and (numbers == sorted(numbers) or numbers == sorted(numbers)[::-1])

    @property
    def last_unit(self) -> float:
        """The unit coordinate of the last value; the first one's is 0."""
        return 1.0 if self.is_numeric else float(len(self.options) - 1)

    def levels(self, most: int) -> tuple[float, ...]:
        """The unit coordinates of all its values; none for a range without steps, nor of more than ``most``."""
        # A range of seeds has millions.
        num_values = int(self.high) - int(self.low) + 1 if self.kind == "int" else len(self.options)
        if num_values > most:
            return ()
        if self.kind == "int":
            return tuple(self.to_unit(int(self.low) + step) for step in range(num_values))
        return tuple(map(float, range(num_values)))

    def end_unit(self, side: Literal["lower", "upper"]) -> float:
        """The unit coordinate of an end. The lower end of options in falling order is the last one."""
        falls = self.is_ordered and not self.is_numeric and float(self.options[0]) > float(self.options[-1])
        return self.last_unit if (side == "upper") != falls else 0.0

    def end_value(self, side: Literal["lower", "upper"]) -> Value:
        """The value at an end of the range."""
        return self.from_unit(self.end_unit(side))

    def ends_at(self, side: Literal["lower", "upper"]) -> bool:
        """Whether the range ends there because the setting does; a range from 0 on does where no end was recorded."""
        end = self.end_value(side)
        if isinstance(end, (bool, str)):
            return False
        if self.least is None and self.most is None and self.kind == "uniform" and side == "lower":
            return end == 0
        is_least = self.least is not None and end <= self.least
        return is_least or (self.most is not None and end >= self.most)

    @property
    def range_text(self) -> str:
        """``0.01 to 1, log``, or the options."""
        if not self.is_numeric:
            return ", ".join(compact(option) for option in self.options)
        return f"{compact(self.low)} to {compact(self.high)}{', log' if self.kind == 'log_uniform' else ''}"

    def to_unit(self, value: Value) -> float:
        """The unit coordinate of ``value``; NaN for one that was not searched."""
        if not self.is_numeric:
            return next((float(i) for i, option in enumerate(self.options) if _is_same(option, value)), math.nan)
        if isinstance(value, (bool, str)):
            return math.nan
        if self.kind == "log_uniform":
            low, high = math.log(self.low), math.log(self.high)
            return (math.log(value) - low) / (high - low) if value > 0 else math.nan
        return (value - self.low) / (self.high - self.low)

    def from_unit(self, unit: float) -> Value:
        """The value at a unit coordinate; a whole number for ``int``, the option for a choice."""
        if not self.is_numeric:
            return self.options[int(unit)]
        if self.kind == "log_uniform":
            return math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
        value = self.low + unit * (self.high - self.low)
        return round(value) if self.kind == "int" else value


def _is_same(option: Value, value: Value) -> bool:
    # True == 1 in Python, yet they are different values of a setting.
    return isinstance(option, bool) == isinstance(value, bool) and option == value


def searched_parameters(search: Mapping[str, Any], arm: str) -> tuple[SearchedParameter, ...]:
    """The parameters that a search of ``arm`` has, by name; empty where their ranges were not recorded.

    Studies of earlier versions know one range for all arms, which holds each arm's own.

    Args:
        search: ``StudyDescription.search``.
        arm: by name.

    Raises:
        ValueError: for a distribution that cannot be read.
    """
    own = (search.get("ranges") or {}).get(arm)
    if own is None:
        declared: Mapping[str, Any] = search.get("distributions") or {}
        return tuple(_read(name, declared[name]) for name in sorted(declared))
    return tuple(
        replace(_read(name, held.get("distribution")), least=held.get("least"), most=held.get("most"))
        for name, held in sorted(own.items())
    )


def _read(name: str, declared: Any) -> SearchedParameter:
    if isinstance(declared, Mapping) and len(declared) == 1:
        ((kind, arguments),) = declared.items()
        if kind == "choice" and _is_list(arguments) and len(arguments) > 1:
            return SearchedParameter(name, "choice", options=tuple(arguments))
        if kind in KINDS and _is_list(arguments) and len(arguments) == 2 and all(map(_is_number, arguments)):
            low, high = arguments
            if low < high and (kind != "log_uniform" or low > 0):
                return SearchedParameter(name, kind, float(low), float(high))
    raise ValueError(f"searched parameter {name!r}: the distribution {declared!r} cannot be read")


def _is_list(arguments: Any) -> bool:
    return isinstance(arguments, Sequence) and not isinstance(arguments, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
