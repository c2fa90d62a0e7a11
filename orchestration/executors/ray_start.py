"""A start of Ray that may be stopped."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

from orchestration.interruption import Interruption
from orchestration.signals import heard_signals


@contextlib.contextmanager
def stoppable_start(interruption: Interruption) -> Iterator[None]:
    """Meanwhile ``ray.init`` leaves SIGTERM to whoever has it, and raises StudyInterrupted where it waits for its
    processes, which takes seconds: the caller ends those that there are.

    Where the driver connects to them it is left alone: a connection made by half would end this process.
    """
    import ray._private.utils
    from ray._private.node import Node

    start, take_sigterm = Node.__init__, ray._private.utils.set_sigterm_handler

    def start_and_wait(node: Node, *arguments: Any, **options: Any) -> None:
        with interruption.waiting():
            start(node, *arguments, **options)

    Node.__init__ = start_and_wait  # type: ignore[method-assign, assignment]
    ray._private.utils.set_sigterm_handler = lambda handler: None
    try:
        yield
    finally:
        Node.__init__ = start  # type: ignore[method-assign]
        ray._private.utils.set_sigterm_handler = take_sigterm
        _take_signals_back()


def _take_signals_back() -> None:
    """Ray's library puts a handler of its own before Python's, which reports SIGTERM as a crash and aborts the process
    three seconds later."""
    if threading.current_thread() is threading.main_thread():
        for number in heard_signals():
            if (handler := signal.getsignal(number)) is not None:
                signal.signal(number, handler)
