"""A start of Ray that may be stopped."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from orchestration.process.interruption import Interruption
from orchestration.process.signals import NOTICES, blocked_signals, handled_signals

_LOOK_MS = 100


@contextlib.contextmanager
def stoppable_start(interruption: Interruption) -> Iterator[None]:
    """Meanwhile ``ray.init`` leaves SIGTERM to whoever has it, and raises StudyInterrupted where it waits for its
    processes, which takes seconds: the caller ends those that there are.

    Where the driver connects to them it is left alone: a connection made by half would end this process. It goes by
    names that Ray does not promise; without one of them, a stop waits longer (decision 46).
    """
    from ray._private import node, services, utils

    try:
        with contextlib.ExitStack() as wrapped:
            wrapped.enter_context(_wrapped(getattr(node, "Node", None), "__init__", _within(interruption.waiting)))
            wrapped.enter_context(_wrapped(services, "start_ray_process", _within(partial(_forking, interruption))))
            wrapped.enter_context(_wrapped(node, "wait_for_persisted_port", _in_short_waits))
            wrapped.enter_context(_wrapped(utils, "set_sigterm_handler", lambda set_handler: lambda handler: None))
            yield
    finally:
        _take_signals_back()


@contextlib.contextmanager
def _wrapped(owner: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    before = getattr(owner, name, None)
    if before is None:
        yield
        return
    setattr(owner, name, wrap(before))
    try:
        yield
    finally:
        setattr(owner, name, before)


def _within(context: Callable[[], AbstractContextManager[None]]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(start: Callable[..., Any]) -> Callable[..., Any]:
        def start_within(*arguments: Any, **options: Any) -> Any:
            with context():
                return start(*arguments, **options)

        return start_within

    return wrap


@contextlib.contextmanager
def _forking(interruption: Interruption) -> Iterator[None]:
    # While a process forks both hear the signal, and Python drops what is raised in its hooks.
    with interruption.deferred(), blocked_signals(*NOTICES):
        yield


def _in_short_waits(wait: Callable[..., int]) -> Callable[..., int]:
    """What Ray does in one piece, for half a minute if its process is gone, in which no other thread of this one can
    run."""

    def wait_for_port(*where: str, timeout_ms: int) -> int:
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            try:
                return wait(*where, timeout_ms=_LOOK_MS)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise

    return wait_for_port


def _take_signals_back() -> None:
    """Ray's library puts a handler of its own before Python's, which reports SIGTERM as a crash and aborts the process
    three seconds later."""
    if threading.current_thread() is threading.main_thread():
        for number in handled_signals():
            if (handler := signal.getsignal(number)) is not None:
                signal.signal(number, handler)
