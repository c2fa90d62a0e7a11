"""A start of Ray that may be stopped."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from orchestration.interruption import Interruption
from orchestration.signals import heard_signals

_LOOK_MS = 100


@contextlib.contextmanager
def stoppable_start(interruption: Interruption) -> Iterator[None]:
    """Meanwhile ``ray.init`` leaves SIGTERM to whoever has it, and raises StudyInterrupted where it waits for its
    processes, which takes seconds: the caller ends those that there are.

    Where the driver connects to them it is left alone: a connection made by half would end this process.
    """
    from ray._private import node, services, utils

    start, start_process = node.Node.__init__, services.start_ray_process

    def start_and_wait(made: node.Node, *arguments: Any, **options: Any) -> None:
        with interruption.waiting():
            start(made, *arguments, **options)

    def start_whole_process(*arguments: Any, **options: Any) -> Any:
        # While a process forks both hear the signal, and Python drops what is raised in its hooks.
        with interruption.later():
            return start_process(*arguments, **options)

    try:
        with contextlib.ExitStack() as replaced:
            replaced.enter_context(_replaced(node.Node, "__init__", start_and_wait))
            replaced.enter_context(_replaced(services, "start_ray_process", start_whole_process))
            wait_for_port = functools.partial(_wait_for_port, node.wait_for_persisted_port)  # type: ignore[attr-defined]
            replaced.enter_context(_replaced(node, "wait_for_persisted_port", wait_for_port))
            replaced.enter_context(_replaced(utils, "set_sigterm_handler", lambda handler: None))
            yield
    finally:
        _take_signals_back()


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _wait_for_port(wait: Callable[..., int], *where: str, timeout_ms: int) -> int:
    """What Ray does in one piece, for half a minute if its process is gone, in which no other thread of this one can
    run."""
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        try:
            return wait(*where, timeout_ms=_LOOK_MS)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise


def _take_signals_back() -> None:
    """Ray's library puts a handler of its own before Python's, which reports SIGTERM as a crash and aborts the process
    three seconds later."""
    if threading.current_thread() is threading.main_thread():
        for number in heard_signals():
            if (handler := signal.getsignal(number)) is not None:
                signal.signal(number, handler)
