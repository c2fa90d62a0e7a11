"""NumPy's arrays inside a pickle, rebuilt without handing NumPy anything that a stranger wrote but plain bytes.

A pickle describes an array as "call numpy's ``_reconstruct``, then ``__setstate__`` with a dtype that was given its own
``__setstate__``". NumPy believes such states: a crafted dtype makes it read bytes as pointers. So the names resolve to
the stand-ins below, which accept plain booleans, integers, floats and strings of a known size, and object arrays of
strings and numbers, and refuse everything else with UnpicklingError.
"""

from __future__ import annotations

import math
import re
from pickle import UnpicklingError
from typing import Any, Literal

import numpy as np

from dmd.data.samples.arrays import AnyArray

PLAIN_DTYPE = re.compile(r"(b1|[iu][1248]|f[248]|[SU][1-9][0-9]{0,6}|O[48]?)")
ByteOrder = Literal["<", ">", "=", "|"]
BYTE_ORDERS: tuple[ByteOrder, ...] = ("<", ">", "=", "|")
MAX_RANK = 8


class PickledDtype:
    """Stands in for ``numpy.dtype``: a plain element type, its byte order set by the state."""

    __slots__ = ("_name", "_order")

    def __init__(self, name: object, *flags: object) -> None:
        """flags: NumPy's ``align`` and ``copy``, without meaning here."""
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not PLAIN_DTYPE.fullmatch(text) or len(flags) > 2:
            raise UnpicklingError(f"array of dtype {str(text)[:40]!r}; only plain numbers and strings are read")
        self._name = text
        self._order: ByteOrder = "="

    def set_state(self, state: object) -> None:
        """(version, byte order, subarray, names, fields, size, ...): subarray, names and fields must be None."""
        if not isinstance(state, tuple) or len(state) < 5 or state[2:5] != (None, None, None):
            raise UnpicklingError("structured dtype; only plain numbers and strings are read")
        text = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        known = [order for order in BYTE_ORDERS if order == text]
        if not known:
            raise UnpicklingError("dtype with an unknown byte order")
        self._order = known[0]

    @property
    def holds_objects(self) -> bool:
        return self._name.startswith("O")

    def to_numpy(self) -> np.dtype[Any]:
        """The dtype of plain values."""
        return np.dtype(self._name).newbyteorder(self._order)


class PickledArray:
    """Stands in for an array under construction; ``array`` is set by the state."""

    __slots__ = ("array",)

    def __init__(self) -> None:
        self.array: AnyArray | None = None

    def set_state(self, state: object) -> None:
        """(version, shape, dtype, is Fortran order, raw bytes or list of objects)."""
        if self.array is not None or not isinstance(state, tuple) or len(state) != 5:
            raise UnpicklingError("array with a state of an unknown form")
        _, shape, dtype, is_fortran, raw = state
        self.array = rebuild_array(raw, dtype, shape, "F" if is_fortran else "C")


def rebuild_array(raw: object, dtype: object, shape: object, order: object) -> AnyArray:
    """An array from what a pickle says of it.

    Args:
        raw: bytes (str from Python 2, decoded as latin1), or a list of objects.
        dtype: a :class:`PickledDtype`.
        shape: a tuple of sizes, or one size.
        order: ``C`` or ``F``.

    Raises:
        UnpicklingError: for anything else, or a shape that the bytes do not fill.
    """
    if not isinstance(dtype, PickledDtype) or order not in ("C", "F"):
        raise UnpicklingError("array without a plain dtype or memory order")
    sizes = (shape,) if type(shape) is int else shape
    if not isinstance(sizes, tuple) or len(sizes) > MAX_RANK or not all(map(_is_size, sizes)):
        raise UnpicklingError("array with an impossible shape")
    flat = _objects(raw) if dtype.holds_objects else _plain_values(raw, dtype.to_numpy())
    if flat.size != math.prod(sizes):
        raise UnpicklingError(f"array of shape {sizes} with {flat.size} values")
    return flat.reshape(sizes, order="F" if order == "F" else "C")


def _is_size(number: object) -> bool:
    # Products of integers with a million digits take minutes.
    return type(number) is int and 0 <= number < 1 << 48


def rebuild_scalar(dtype: object, raw: object) -> object:
    """One NumPy scalar."""
    return rebuild_array(raw, dtype, (1,), "C")[0]


def _plain_values(raw: object, dtype: np.dtype[Any]) -> AnyArray:
    content = raw.encode("latin1") if isinstance(raw, str) else raw
    if not isinstance(content, bytes | memoryview) or len(content) % dtype.itemsize:
        raise UnpicklingError(f"array of {dtype} whose bytes do not fit")
    return np.frombuffer(content, dtype=dtype)


def _objects(raw: object) -> AnyArray:
    if not isinstance(raw, list) or not all(isinstance(item, str | bytes | bool | int | float) for item in raw):
        raise UnpicklingError("object array of something else than strings and numbers")
    flat = np.empty(len(raw), dtype=object)
    flat[:] = raw
    return flat
