"""Reading a stranger's pickle without running the program that a pickle is.

Two walls. Names: a pickle may only ask for what :mod:`dmd.data.admitted` lists, by exact module and name, and what it
gets are stand-ins, never NumPy's or Python's own callables. Steps: of the pickle machine only those opcodes run that
write containers, numbers, strings and arrays; dictionary keys and set members must be simple, so that no hash is
expensive; what is copied may not exceed the size of the file, so that a small file cannot fill the memory.

Built on the pure-Python machine of the standard library, whose steps can be replaced one by one (its C twin's cannot).
Numbers, strings and the containers ``dict``, ``list``, ``tuple`` have opcodes of their own and need no name.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, BinaryIO, ClassVar

from dmd.data.admitted import ADMITTED, SIMPLE_KEYS, Admitted, make_frozenset, make_set
from dmd.data.lengths import AnyArray
from dmd.data.pickled_arrays import PickledArray, PickledDtype
from dmd.errors import DataError

MIN_BUDGET = 1 << 16
"""Small files repeat small things: up to this many copied bytes are allowed to any file."""

FORBIDDEN = (
    *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX),
    *(pickle.PERSID, pickle.BINPERSID, pickle.EXT1, pickle.EXT2, pickle.EXT4),
    *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""Opcodes that create objects of classes or reach outside the file."""


class _BoundedFile:
    """A file that never promises more bytes than it has: a forged size is an error at once, not an allocation."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        if size > self._left:
            raise EOFError(f"{size} bytes announced, {self._left} left")
        content = self._stream.read(self._left if size < 0 else size)
        self._left -= len(content)
        return content

    def readline(self) -> bytes:
        content = self._stream.readline()
        self._left -= len(content)
        return content


class RestrictedUnpickler(pickle._Unpickler):
    """The pickle machine with both walls up. ``load`` raises DataError or what a damaged pickle makes Python raise."""

    # attributes of the standard library's class that its type stub does not list
    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, stream: BinaryIO, size: int, source: str) -> None:
        super().__init__(_BoundedFile(stream, size), encoding="latin1")
        self._source = source
        self._budget = max(size, MIN_BUDGET)

    def find_class(self, module: str, name: str) -> Any:
        admitted = ADMITTED.get((module, name))
        if admitted is None:
            raise self.refusal(f"it asks for {f'{module}.{name}'[:80]!r}")
        return admitted

    def refusal(self, why: str) -> DataError:
        """The error for a pickle that wants more than data."""
        return DataError(
            f"{self._source}: pickle refused: {why}, which no data file needs; nothing was executed. "
            "Take the file from its publisher, or convert it to .npz where you trust it"
        )

    def _spend(self, amount: int) -> None:
        self._budget -= amount
        if self._budget < 0:
            raise self.refusal("it repeats its content until it is larger than the file")

    def _forbidden(self) -> None:
        raise self.refusal("it uses an opcode that creates objects")

    def _reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if not isinstance(function, Admitted) or not isinstance(arguments, tuple):
            raise self.refusal("it calls something that is no constructor")
        self._spend(sum(len(item) for item in arguments if isinstance(item, str | bytes | bytearray | list | tuple)))
        self.stack[-1] = function(*arguments)

    def _build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, PickledArray | PickledDtype):
            raise self.refusal("it sets the state of something that is no array")
        if isinstance(state, tuple) and state and isinstance(state[-1], str | bytes | bytearray | list):
            self._spend(len(state[-1]))
        target.set_state(state)

    def _set_items(self, target: Any, items: list[Any]) -> None:
        if not isinstance(target, dict) or not all(isinstance(key, SIMPLE_KEYS) for key in items[::2]):
            raise self.refusal("it uses something else than strings and numbers as dictionary keys")
        target.update(zip(items[::2], items[1::2], strict=True))

    def _setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items(self.stack[-1], [key, value])

    def _setitems(self) -> None:
        items = self.pop_mark()
        self._set_items(self.stack[-1], items)

    def _dict(self) -> None:
        items = self.pop_mark()
        self.stack.append({})
        self._set_items(self.stack[-1], items)

    def _additems(self) -> None:
        members = make_set(self.pop_mark())
        if not isinstance(self.stack[-1], set):
            raise self.refusal("it adds members to something that is no set")
        self.stack[-1].update(members)

    def _frozenset(self) -> None:
        members = self.pop_mark()
        self.stack.append(make_frozenset(members))

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **pickle._Unpickler.dispatch,
        pickle.REDUCE[0]: _reduce,
        pickle.BUILD[0]: _build,
        pickle.SETITEM[0]: _setitem,
        pickle.SETITEMS[0]: _setitems,
        pickle.DICT[0]: _dict,
        pickle.ADDITEMS[0]: _additems,
        pickle.FROZENSET[0]: _frozenset,
        **dict.fromkeys([opcode[0] for opcode in FORBIDDEN], _forbidden),
    }


def load_pickle(stream: BinaryIO, size: int, source: str) -> object:
    """What a pickle of ``size`` bytes describes: containers, numbers, strings and arrays.

    Arrays inside dictionaries and lists (as deep as MMSA files go) are NumPy arrays. Raises DataError, naming
    ``source``, if the pickle wants anything else or is damaged.
    """
    try:
        content = RestrictedUnpickler(stream, size, source).load()
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        raise DataError(f"{source}: pickle refused: {error}; convert it to .npz where you trust it") from None
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to hit
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
        raise DataError(f"{source}: truncated or damaged pickle ({reason}); fetch or write the file again") from None
    return _with_arrays(content, depth=3)


def _with_arrays(value: Any, depth: int) -> Any:
    """``value`` with the arrays in place of their stand-ins, ``depth`` containers deep."""
    if isinstance(value, PickledArray):
        return _finished(value)
    if depth and isinstance(value, dict):
        return {key: _with_arrays(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finished(item) if isinstance(item, PickledArray) else item for item in value]
    return value


def _finished(stand_in: PickledArray) -> AnyArray | None:
    return stand_in.array
