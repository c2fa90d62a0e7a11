"""Which columns of a prediction file hold what is predicted, and what a row says there; by the kind of the target.

| target | columns |
|---|---|
| one number | ``prediction`` |
| classes | ``prediction_<name>`` for every class: probabilities; or ``prediction``: the name or number of a class |
| yes-or-no questions | ``prediction_<name>`` for every question: the probability of yes |
| several numbers | ``prediction_<name>`` for every number |
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dmd.data.samples.target import Target

Cell = str | int | float

ALONE = "prediction"
SUM_TOLERANCE = 0.01
"""How far the probabilities of an item may be from 1 together: files are written with few decimals."""
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class PredictionColumns:
    """Where a file says what is predicted.

    Attributes:
        target: of the data.
        names: the columns, in the order of the target's names.
    """

    target: Target
    names: tuple[str, ...]

    @classmethod
    def among(cls, target: Target, found: Sequence[str]) -> PredictionColumns:
        """The columns that a file with the columns ``found`` has, or should have."""
        each = tuple(f"{ALONE}_{name}" for name in target.names)
        is_one_class = target.kind == "classes" and ALONE in found and not set(each) & set(found)
        return cls(target, (ALONE,) if not each or is_one_class else each)

    @property
    def is_one_class(self) -> bool:
        """Whether a row names its class, without probabilities."""
        return self.target.kind == "classes" and self.names == (ALONE,)

    def read(self, values: Mapping[str, Cell]) -> tuple[float, ...] | str:
        """What a row predicts, a number per output of the target; or what is wrong with it.

        values: column -> content.
        """
        if self.is_one_class:
            return self._read_class(values[ALONE])
        numbers = {name: as_number(values[name]) for name in self.names}
        problem = next(self._find_problems(numbers, values), None)
        return problem or tuple(number for number in numbers.values() if number is not None)

    def _find_problems(self, numbers: Mapping[str, float | None], values: Mapping[str, Cell]) -> Iterator[str]:
        is_share = not self.target.is_numeric
        for name, number in numbers.items():
            if number is None or not abs(number) <= _LARGEST:
                yield f"{name} {values[name]!r} is not a finite number"
            elif is_share and not 0 <= number <= 1:
                yield f"{name} {values[name]!r} is not a probability; write numbers from 0 to 1"
        total = math.fsum(number for number in numbers.values() if number is not None)
        if self.target.kind == "classes" and abs(total - 1) > SUM_TOLERANCE:
            yield f"the probabilities of the classes sum to {total:.4g}; they must sum to 1"

    def _read_class(self, content: Cell) -> tuple[float, ...] | str:
        place = self._classes.get(str(content).strip())
        number = as_number(content)
        if place is None and number is not None and number in range(self.target.num_outputs):
            place = int(number)
        if place is None:
            named = ", ".join(self.target.names)
            return f"{ALONE} {content!r} is no class; write one of {named}, or its number from 0"
        return tuple(float(place == other) for other in range(self.target.num_outputs))

    @cached_property
    def _classes(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.target.names)}


def as_number(content: Cell) -> float | None:
    """A cell of a file as a number; None where it is none."""
    try:
        return float(content)
    except ValueError:
        return None
