"""What this process holds outside of itself, for the moment when it ends at once.

Whoever holds something gives it back at the end of a ``with`` block; that takes an exception that passes there. A
program that is told twice to end, or told while it imports (where what is raised is dropped or becomes another error),
does not wait for that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

_held: list[Callable[[], object]] = []


def hold(give_back: Callable[[], object]) -> None:
    """From now on ``give_back`` is called if this process ends at once; it must not take long."""
    _held.append(give_back)


def release(give_back: Callable[[], object]) -> None:
    """It has been given back as usual."""
    with contextlib.suppress(ValueError):
        _held.remove(give_back)


def give_all_back() -> None:
    """Give back what is held, the last first. What fails is left to the next start of the program."""
    while _held:
        with contextlib.suppress(Exception):
            _held.pop()()
