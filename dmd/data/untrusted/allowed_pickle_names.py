"""The names that a data file's pickle may ask for, and the harmless constructors it gets for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from typing import Any

import numpy as np

from dmd.data.untrusted.pickled_arrays import PickledArray, PickledDtype, rebuild_array, rebuild_scalar

SIMPLE_KEYS = (str, bytes, bool, int, float, type(None), np.integer)
LATIN1 = ("latin1", "latin-1", "iso-8859-1")


class AllowedCallable:
    """Something a pickle may name and call. Not a type and without a dictionary, so it can only be called."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)


def _refuse_call(*arguments: object) -> None:
    raise UnpicklingError("numpy.ndarray may be named but not called")


def _make_array(subtype: object, shape: object, typecode: object) -> PickledArray:
    return PickledArray()


def _make_from_buffer(raw: object, dtype: object, shape: object, order: object) -> PickledArray:
    made = PickledArray()
    made.array = rebuild_array(raw, dtype, shape, order)
    return made


def _encode_latin1(text: object, encoding: object) -> bytes:
    """How protocols below 3 write bytes."""
    if not isinstance(text, str) or encoding not in LATIN1:
        raise UnpicklingError("_codecs.encode of something else than a latin1 string")
    return text.encode("latin1")


def _make_bytes(*arguments: object) -> bytes:
    """How protocols below 3 write empty bytes."""
    if arguments:
        raise UnpicklingError("bytes with arguments")
    return b""


def make_set(members: object = ()) -> set[Any]:
    if not isinstance(members, list | tuple) or not all(isinstance(member, SIMPLE_KEYS) for member in members):
        raise UnpicklingError("set of something else than strings and numbers")
    return set(members)


def make_frozenset(members: object = ()) -> frozenset[Any]:
    return frozenset(make_set(members))


def _make_ordered_dict(pairs: object = ()) -> OrderedDict[Any, Any]:
    """Python 2 passes a list of [key, value] pairs, Python 3 nothing."""
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], SIMPLE_KEYS) for pair in pairs
    ):
        raise UnpicklingError("OrderedDict of something else than pairs with simple keys")
    return OrderedDict(pairs)


_NUMPY: Mapping[str, Callable[..., Any]] = {
    "multiarray._reconstruct": _make_array,
    "multiarray.scalar": rebuild_scalar,
    "numeric._frombuffer": _make_from_buffer,
}

_BUILTINS: Mapping[str, Callable[..., Any]] = {"set": make_set, "frozenset": make_frozenset, "bytes": _make_bytes}

ALLOWED_CALLABLES: Mapping[tuple[str, str], AllowedCallable] = {
    ("numpy", "ndarray"): AllowedCallable(_refuse_call),
    ("numpy", "dtype"): AllowedCallable(PickledDtype),
    ("_codecs", "encode"): AllowedCallable(_encode_latin1),
    ("collections", "OrderedDict"): AllowedCallable(_make_ordered_dict),
    # numpy 1 writes numpy.core, numpy 2 numpy._core; Python 2 writes __builtin__, Python 3 builtins
    **{
        (f"{core}.{path.split('.')[0]}", path.split(".")[1]): AllowedCallable(make)
        for core in ("numpy.core", "numpy._core")
        for path, make in _NUMPY.items()
    },
    **{
        (module, name): AllowedCallable(make)
        for module in ("builtins", "__builtin__")
        for name, make in _BUILTINS.items()
    },
}
