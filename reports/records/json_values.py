"""How numbers stand in JSON, which has no NaN and no infinity.

Fields that hold numbers only write them as ``"nan"``, ``"inf"``, ``"-inf"``; values that could also be text write them
as ``{"$float": "nan"}``. float32 is written with as many digits as it needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_TAG = "$float"


def number_to_json(value: float) -> float | str:
    """A number for a field that holds nothing else."""
    number = float(value)
    return number if math.isfinite(number) else str(number)


def numbers_to_json(values: Mapping[str, float]) -> dict[str, float | str]:
    """Metrics and their like, by name."""
    return {name: number_to_json(value) for name, value in values.items()}


def numbers_from_json(values: Mapping[str, float | str]) -> dict[str, float]:
    """The numbers that :func:`numbers_to_json` wrote."""
    return {name: float(value) for name, value in values.items()}


def any_to_json(value: Any) -> Any:
    """A value that may be text or a number, or holds such values."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {_TAG: str(value)}
    if isinstance(value, Mapping):
        return {str(key): any_to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [any_to_json(item) for item in value]
    return value


def any_from_json(value: Any) -> Any:
    """The value that :func:`any_to_json` wrote; tuples are lists."""
    if isinstance(value, Mapping):
        if set(value) == {_TAG}:
            return float(value[_TAG])
        return {key: any_from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [any_from_json(item) for item in value]
    return value


def float32_to_json(values: npt.NDArray[np.float32]) -> list[Any]:
    """(n,) as n numbers, (n, K) as n lists of K."""
    # The text of a float32 is its shortest exact form; as a Python float it prints just as short.
    flat = [number_to_json(float(text)) for text in np.asarray(values, dtype=np.float32).ravel().astype(str)]
    if values.ndim == 1:
        return flat
    num_columns = values.shape[1]
    return [flat[start : start + num_columns] for start in range(0, len(flat), num_columns)]


def float32_from_json(values: Sequence[Any]) -> npt.NDArray[np.float32]:
    """(n,) or (n, K): what :func:`float32_to_json` wrote."""
    rows = [[float(number) for number in row] if isinstance(row, list) else float(row) for row in values]
    return np.array(rows, dtype=np.float32)
