"""Reading a stranger's pickle without running the program that a pickle is.

Two walls. Names: a pickle may only ask for what :mod:`dmd.data.untrusted.allowed_pickle_names` lists, by exact module
and name, and what it gets are stand-ins, never NumPy's or Python's own callables. Steps: of the pickle machine only
those opcodes run that write containers, numbers, strings and arrays; dictionary keys and set members must be simple,
so that no hash is expensive; neither what is copied nor what arrays hold may exceed the size of the file, and there is
an end to the number of steps, so that no file can fill the memory. The bytes of large arrays are not copied at all:
they stay where they lie in the (mapped) file.

Built on the pure-Python machine of the standard library, whose steps can be replaced one by one (its C twin's cannot).
Numbers, strings and the containers ``dict``, ``list``, ``tuple`` have opcodes of their own and need no name.
"""

from __future__ import annotations

import mmap
import pickle
import struct
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from dmd.data.untrusted.allowed_pickle_names import (
    ALLOWED_CALLABLES,
    SIMPLE_KEYS,
    AllowedCallable,
    make_frozenset,
    make_set,
)
from dmd.data.untrusted.pickled_arrays import PickledArray, PickledDtype
from dmd.errors import DataError

MIN_BUDGET = 1 << 16
"""Small files repeat small things: up to this many copied bytes are allowed to any file."""

MOST_STEPS = 5_000_000
"""Opcodes of one file. MMSA's largest has some 300,000; a list costs 64 bytes of memory and one byte of a file."""

BYTES_PER_STEP = 8
"""A large file may take a step for so many of its bytes: features written as lists of numbers take one for nine."""

LEFT_IN_PLACE = 1 << 16
"""From so many bytes on, what can only become an array is not copied out of the file. Pickle frames no such bytes."""

DEPTH = 6
"""So many containers deep arrays are looked for: a split, its items, an item's modalities, their steps."""

_HOLDERS = (PickledArray, dict, list, tuple)

Content = bytes | mmap.mmap

FORBIDDEN = (
    *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX),
    *(pickle.PERSID, pickle.BINPERSID, pickle.EXT1, pickle.EXT2, pickle.EXT4),
    *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""Opcodes that create objects of classes or reach outside the file."""


class _Bytes:
    """A file's content that never promises more than it has: a forged size is an error at once, not an allocation."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._view = memoryview(content)
        self._position = 0

    def read(self, size: int) -> bytes:
        return bytes(self.view(size))

    def view(self, size: int) -> memoryview:
        """As ``read``, without a copy."""
        start, left = self._position, len(self._view) - self._position
        if size > left:
            raise EOFError(f"{size} bytes announced, {left} left")
        self._position += size
        return self._view[start : self._position]

    def readline(self) -> bytes:
        end = self._content.find(b"\n", self._position) + 1 or len(self._view)
        return self.read(end - self._position)


class RestrictedUnpickler(pickle._Unpickler):
    """The pickle machine with both walls up. ``load`` raises DataError or what a damaged pickle makes Python raise."""

    # attributes of the standard library's class that its type stub does not list
    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]
    _unframer: Any

    def __init__(self, content: Content, source: str) -> None:
        self._bytes = _Bytes(content)
        super().__init__(self._bytes, encoding="latin1")
        self._source, self._size = source, len(content)
        self._budget = self._array_budget = max(len(content), MIN_BUDGET)

    def find_class(self, module: str, name: str) -> Any:
        allowed = ALLOWED_CALLABLES.get((module, name))
        if allowed is None:
            raise self.refusal(f"it asks for {f'{module}.{name}'[:80]!r}")
        return allowed

    def refusal(self, why: str) -> DataError:
        """The error for a pickle that wants more than data."""
        return DataError(
            f"{self._source}: pickle refused: {why}, which no data file needs; nothing was executed. "
            "Take the file from its publisher, or convert it to .npz where you trust it"
        )

    def run(self) -> Any:
        """:meth:`load`, which has no end by itself, in at most :data:`MOST_STEPS` steps, or more in a large file."""
        most = max(MOST_STEPS, self._size // BYTES_PER_STEP)
        steps = iter(range(most))
        steps_of = {opcode: _counted(step, steps) for opcode, step in type(self).dispatch.items()}
        self.dispatch = steps_of  # type: ignore[misc]  # of this machine alone
        try:
            return self.load()
        except _TooManySteps:
            raise self.refusal(f"it takes more than {most} steps") from None

    def _spend(self, amount: int) -> None:
        self._budget -= amount
        self._refuse_repetition()

    def _refuse_repetition(self) -> None:
        if min(self._budget, self._array_budget) < 0:
            raise self.refusal("it repeats its content until it is larger than the file")

    def _forbidden(self) -> None:
        raise self.refusal("it uses an opcode that creates objects")

    def _reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if not isinstance(function, AllowedCallable) or not isinstance(arguments, tuple):
            raise self.refusal("it calls something that is no constructor")
        self._spend(sum(len(item) for item in arguments if isinstance(item, str | bytes | memoryview | list | tuple)))
        self.stack[-1] = function(*arguments)

    def _build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, PickledArray | PickledDtype):
            raise self.refusal("it sets the state of something that is no array")
        raw = state[-1] if isinstance(state, tuple) and state else None
        if isinstance(raw, list):
            self._spend(len(raw))
        elif isinstance(raw, str | bytes | memoryview):
            # Nothing is copied here, and what protocols below 3 write was counted when it became bytes. But arrays that
            # share their bytes would not share them for ever.
            self._array_budget -= len(raw)
            self._refuse_repetition()
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

    def _large(self, size: int) -> None:
        """Push ``size`` bytes: large ones, outside of a frame, without a copy."""
        frame = self._unframer.current_frame
        is_framed = frame is not None and frame.tell() < len(frame.getbuffer())
        if is_framed or size < LEFT_IN_PLACE:
            self.append(self.read(size))
            return
        self._unframer.current_frame = None
        self.append(self._bytes.view(size))

    def _binbytes(self) -> None:
        self._large(struct.unpack("<I", self.read(4))[0])

    def _binbytes8(self) -> None:
        self._large(struct.unpack("<Q", self.read(8))[0])

    def _binstring(self) -> None:
        """Python 2's strings, which are bytes where an array wants them and text elsewhere."""
        (size,) = struct.unpack("<i", self.read(4))
        if size < 0:
            raise pickle.UnpicklingError("BINSTRING pickle has negative byte count")
        if size < LEFT_IN_PLACE:
            self.append(self.read(size).decode("latin1"))
        else:
            self._large(size)

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        **pickle._Unpickler.dispatch,
        pickle.REDUCE[0]: _reduce,
        pickle.BUILD[0]: _build,
        pickle.SETITEM[0]: _setitem,
        pickle.SETITEMS[0]: _setitems,
        pickle.DICT[0]: _dict,
        pickle.ADDITEMS[0]: _additems,
        pickle.FROZENSET[0]: _frozenset,
        pickle.BINBYTES[0]: _binbytes,
        pickle.BINBYTES8[0]: _binbytes8,
        pickle.BYTEARRAY8[0]: _binbytes8,
        pickle.BINSTRING[0]: _binstring,
        **dict.fromkeys([opcode[0] for opcode in FORBIDDEN], _forbidden),
    }


class _TooManySteps(Exception):
    """The machine has no more steps left."""


def _counted(step: Callable[[Any], None], steps: Iterator[int]) -> Callable[[Any], None]:
    def counted(machine: Any) -> None:
        if next(steps, None) is None:
            raise _TooManySteps
        step(machine)

    return counted


def load_pickle(content: Content, source: str) -> object:
    """What a pickle describes: containers, numbers, strings and arrays.

    Arrays inside dictionaries, lists and tuples (:data:`DEPTH` of them) are NumPy arrays; large ones are views of
    ``content`` and cannot be written to. Raises DataError, naming ``source``, if the pickle wants anything else or is
    damaged.
    """
    try:
        found = RestrictedUnpickler(content, source).run()
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        raise DataError(f"{source}: pickle refused: {error}; convert it to .npz where you trust it") from None
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to hit
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
        raise DataError(f"{source}: truncated or damaged pickle ({reason}); fetch or write the file again") from None
    return _with_arrays(found, DEPTH, {})


def _with_arrays(value: Any, depth: int, done: dict[tuple[int, int], Any]) -> Any:
    """``value`` with the arrays in place of their stand-ins, ``depth`` containers deep.

    done: what was converted already, by identity and depth: a container that a pickle repeats is converted once.
    """
    if isinstance(value, PickledArray):
        return value.array
    if not depth or not isinstance(value, dict | list | tuple):
        return value
    key = id(value), depth
    if key in done:
        return done[key]
    if isinstance(value, dict):
        done[key] = {name: _with_arrays(item, depth - 1, done) for name, item in value.items()}
    else:
        held = [_with_arrays(item, depth - 1, done) if isinstance(item, _HOLDERS) else item for item in value]
        done[key] = tuple(held) if isinstance(value, tuple) else held
    return done[key]
