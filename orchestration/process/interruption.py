"""Graceful shutdown of a study: a signal stops it, and the same command continues it."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType

from orchestration.process.signals import detach_lost_terminal, exit_now, forces_exit, handled_signals, is_importing
from orchestration.process.stop_deadline import AT_ONCE, enforce_stop_deadline

LIMIT_S = 8.0
"""Seconds that a graceful shutdown may take after a signal."""
STOP_S = 5.0
"""Seconds after a signal during which a study waits for other systems (MLflow)."""


class StudyInterrupted(KeyboardInterrupt):
    """The study was asked to stop. No error of any trial: handlers of ``Exception`` let it pass."""


class Interruption:
    """A request to stop the study; as a context manager in the main thread it handles signals.

    The first signal requests a graceful shutdown. A second one forces an exit, and so does a graceful shutdown of more
    than ``limit_s`` seconds.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._entered = contextlib.ExitStack()
        self._requested = threading.Event()
        self._signalled_at: float | None = None
        self._only_waits = False
        self._before: dict[int, object] = {}

    @property
    def is_requested(self) -> bool:
        return self._requested.is_set()

    @property
    def was_signalled(self) -> bool:
        """Whether a signal has arrived; otherwise the study's own time limit may have requested the stop."""
        return self._signalled_at is not None

    def deadline(self) -> float:
        """Time of the monotonic clock until which other systems are waited for; infinite without a signal."""
        return math.inf if self._signalled_at is None else self._signalled_at + STOP_S

    def request(self) -> None:
        """Ask the study to stop, from any thread."""
        self._requested.set()

    def raise_if_requested(self) -> None:
        """Raises StudyInterrupted."""
        if self.is_requested:
            raise StudyInterrupted

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """For a main thread that only waits: a signal raises StudyInterrupted at once inside this context, any other
        request at its end."""
        self._only_waits = True
        try:
            self.raise_if_requested()
            yield
            self.raise_if_requested()
        finally:
            self._only_waits = False

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """A part of :meth:`waiting` that must not be interrupted: a signal raises StudyInterrupted at its end."""
        before, self._only_waits = self._only_waits, False
        yield
        self._only_waits = before
        if before:
            self.raise_if_requested()

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in handled_signals():
                self._before[number] = signal.signal(number, self._on_signal)
            self._entered.enter_context(enforce_stop_deadline(self._limit_s))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            detach_lost_terminal()
        if self._signalled_at is None:
            self._signalled_at = time.monotonic()
            self.request()
            if self._only_waits and not is_importing(frame):
                raise StudyInterrupted
        elif forces_exit(number):
            exit_now(AT_ONCE)
