"""Cleanup callbacks for a forced shutdown, which skips ``finally`` blocks.

A resource outside this process (a directory, a child process) is normally freed at the end of a ``with`` block. A
second signal, or one during an import, where Python drops or replaces what a handler raises, ends the process at once:
then ``exit_now`` of :mod:`orchestration.process.signals` calls the callbacks registered here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

_callbacks: list[Callable[[], object]] = []


def register(callback: Callable[[], object]) -> None:
    """Call ``callback`` if this process is forced to exit; it must not take long."""
    _callbacks.append(callback)


def unregister(callback: Callable[[], object]) -> None:
    """The resource has been freed as usual."""
    with contextlib.suppress(ValueError):
        _callbacks.remove(callback)


def run_all() -> None:
    """Run all callbacks, the last registered first. One that fails is left to the next start of the program."""
    while _callbacks:
        with contextlib.suppress(Exception):
            _callbacks.pop()()
