"""The values that a searched parameter may take: plain data, no sampler.

YAML forms: ``{log_uniform: [low, high]}``, ``{uniform: [low, high]}``, ``{int: [low, high]}``,
``{choice: [a, b, ...]}``. All bounds are inclusive.
``grid_size(n)`` is ``len(grid(n))`` without making the grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from search_spaces.terms.problems import show, suggest
from search_spaces.terms.trial import Value


@dataclass(frozen=True)
class LogUniform:
    """A positive number whose logarithm is uniform."""

    low: float
    high: float

    def contains(self, value: Value) -> bool:
        return _is_number(value) and self.low <= value <= self.high

    def describe(self) -> str:
        return f"log-uniform in [{self.low:g}, {self.high:g}]"

    def declare(self) -> dict[str, list[Value]]:
        """The YAML form."""
        return {"log_uniform": [self.low, self.high]}

    def grid(self, n: int) -> tuple[float, ...]:
        """``n`` values evenly spaced in the logarithm, both ends included; the geometric middle for ``n = 1``."""
        points = _spaced(math.log(self.low), math.log(self.high), n)
        # exp(log(x)) can fall outside the bounds by a rounding error.
        return tuple(min(max(math.exp(point), self.low), self.high) for point in points)

    def grid_size(self, n: int) -> int:
        return n


@dataclass(frozen=True)
class Uniform:
    """A number, uniform."""

    low: float
    high: float

    def contains(self, value: Value) -> bool:
        return _is_number(value) and self.low <= value <= self.high

    def describe(self) -> str:
        return f"uniform in [{self.low:g}, {self.high:g}]"

    def declare(self) -> dict[str, list[Value]]:
        """The YAML form."""
        return {"uniform": [self.low, self.high]}

    def grid(self, n: int) -> tuple[float, ...]:
        """``n`` evenly spaced values, both ends included; the middle for ``n = 1``."""
        return _spaced(self.low, self.high, n)

    def grid_size(self, n: int) -> int:
        return n


@dataclass(frozen=True)
class IntRange:
    """A whole number, uniform."""

    low: int
    high: int

    def contains(self, value: Value) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def describe(self) -> str:
        return f"whole number in [{self.low}, {self.high}]"

    def declare(self) -> dict[str, list[Value]]:
        """The YAML form."""
        return {"int": [self.low, self.high]}

    def grid(self, n: int) -> tuple[int, ...]:
        """All values if there are at most ``n``, else ``n`` evenly spaced ones."""
        size = self.high - self.low + 1
        if size <= n:
            return tuple(range(self.low, self.high + 1))
        return tuple(round(point) for point in _spaced(self.low, self.high, n))

    def grid_size(self, n: int) -> int:
        return min(n, self.high - self.low + 1)


@dataclass(frozen=True)
class Choice:
    """One of the listed values."""

    options: tuple[Value, ...]

    def contains(self, value: Value) -> bool:
        # True == 1 in Python, yet `true` and `1` are different values of a setting.
        return any(isinstance(value, bool) == isinstance(option, bool) and value == option for option in self.options)

    def describe(self) -> str:
        return f"one of {', '.join(str(option) for option in self.options)}"

    def declare(self) -> dict[str, list[Value]]:
        """The YAML form."""
        return {"choice": list(self.options)}

    def grid(self, n: int) -> tuple[Value, ...]:
        """Every option, whatever ``n``: options have no order to thin out."""
        return self.options

    def grid_size(self, n: int) -> int:
        return len(self.options)


Distribution = LogUniform | Uniform | IntRange | Choice
KINDS = ("log_uniform", "uniform", "int", "choice")


def hull_of(distributions: Sequence[Distribution]) -> Distribution | None:
    """The narrowest distribution that holds every value of these: of their kind if it is one, else of the plainest.

    None if some have an order and others are words.
    """
    first, *others = distributions
    if all(other == first for other in others):
        return first
    choices = [distribution for distribution in distributions if isinstance(distribution, Choice)]
    if len(choices) == len(distributions):
        options = {(isinstance(option, bool), option): option for choice in choices for option in choice.options}
        return Choice(tuple(options.values()))
    ends: list[Value] = []
    for distribution in distributions:
        ends += distribution.options if isinstance(distribution, Choice) else (distribution.low, distribution.high)
    numbers = [float(end) for end in ends if _is_number(end)]
    if len(numbers) < len(ends):
        return None
    low, high, kinds = min(numbers), max(numbers), {type(distribution) for distribution in distributions}
    if kinds == {IntRange}:
        return IntRange(int(low), int(high))
    return LogUniform(low, high) if kinds == {LogUniform} else Uniform(low, high)


def parse_distribution(declared: Any) -> Distribution:
    """The distribution that a YAML value declares.

    Raises:
        ValueError: with the rule, the value and the remedy.
    """
    if not isinstance(declared, dict) or len(declared) != 1:
        raise ValueError(
            f"must be one distribution, as {{uniform: [low, high]}} ({', '.join(KINDS)}), got {show(declared)}"
        )
    ((kind, arguments),) = declared.items()
    if kind not in KINDS:
        raise ValueError(f"unknown distribution {show(kind)}; {suggest(str(kind), KINDS)}")
    if not isinstance(arguments, (list, tuple)):
        raise ValueError(f"{kind} takes a list, got {show(arguments)}; write {{{kind}: [..., ...]}}")
    if kind == "choice":
        return _parse_choice(arguments)
    low, high = _parse_bounds(kind, arguments)
    if kind == "int":
        return IntRange(int(low), int(high))
    if kind == "uniform":
        return Uniform(float(low), float(high))
    if low <= 0:
        raise ValueError(f"log_uniform needs bounds above 0, got {show(arguments)}; raise the lower one or use uniform")
    return LogUniform(float(low), float(high))


def _parse_bounds(kind: str, arguments: Sequence[Any]) -> tuple[float, float]:
    wanted, noun = ((int,), "whole numbers") if kind == "int" else ((int, float), "numbers")
    are_numbers = all(isinstance(bound, wanted) and not isinstance(bound, bool) for bound in arguments)
    if len(arguments) != 2 or not are_numbers:
        raise ValueError(f"{kind} takes two {noun} [low, high], got {show(list(arguments))}")
    low, high = arguments
    if not low < high:
        raise ValueError(f"{kind} needs low < high, got {show(list(arguments))}; to fix a value put it under `model`")
    if max(abs(low), abs(high)) > 1e300:
        raise ValueError(f"{kind} needs bounds of at most 1e300, got {show(list(arguments))}")
    return low, high


def _parse_choice(options: Sequence[Any]) -> Choice:
    if len(options) < 2:
        raise ValueError(f"choice needs at least two values, got {show(list(options))}; fix one under `model`")
    for option in options:
        if not isinstance(option, (bool, int, float, str)):
            raise ValueError(f"choice takes words, numbers, true and false, got {show(option)}")
    if len({(isinstance(option, bool), option) for option in options}) < len(options):
        raise ValueError(f"choice lists a value twice: {show(list(options))}; keep one")
    return Choice(tuple(options))


def _spaced(low: float, high: float, n: int) -> tuple[float, ...]:
    if n < 1:
        raise ValueError(f"a grid has at least one point, got n = {n}")
    if n == 1:
        return ((low + high) / 2,)
    return (*(low + (high - low) * i / (n - 1) for i in range(n - 1)), high)


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
