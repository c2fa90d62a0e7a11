"""A signal while a study runs: it stops cleanly and goes on when the same command is run again."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType

from orchestration.process.signals import end_now, heard_signals, is_importing, is_urgent, leave_lost_terminal
from orchestration.process.stop_deadline import AT_ONCE, stop_limit

LIMIT_S = 8.0
"""How long a clean stop may take after a signal."""
STOP_S = 5.0
"""How long after a signal anybody else (MLflow) is waited for."""


class StudyInterrupted(KeyboardInterrupt):
    """The study was asked to stop. No error of any trial: handlers of ``Exception`` let it pass."""


class Interruption:
    """Notes that the study should stop; as a context manager in the main thread it listens to signals.

    The first signal asks for a clean stop, a second one ends the program at once, and so does a stop of more than
    ``limit_s``.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._entered = contextlib.ExitStack()
        self._requested = threading.Event()
        self._told_at: float | None = None
        self._only_waits = False
        self._before: dict[int, object] = {}

    @property
    def is_requested(self) -> bool:
        return self._requested.is_set()

    @property
    def is_told(self) -> bool:
        """Whether a signal has come; without one, the study's own deadline may have requested the stop."""
        return self._told_at is not None

    def deadline(self) -> float:
        """Until when, by the monotonic clock, anybody else is waited for: for ever while no signal has come."""
        return math.inf if self._told_at is None else self._told_at + STOP_S

    def request(self) -> None:
        """Ask the study to stop, from any thread."""
        self._requested.set()

    def raise_if_requested(self) -> None:
        """Raises StudyInterrupted."""
        if self.is_requested:
            raise StudyInterrupted

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Meanwhile the main thread may be interrupted anywhere, for it only waits: a signal raises StudyInterrupted
        there, any other request at the end."""
        self._only_waits = True
        try:
            self.raise_if_requested()
            yield
            self.raise_if_requested()
        finally:
            self._only_waits = False

    @contextlib.contextmanager
    def later(self) -> Iterator[None]:
        """A part of :meth:`waiting` that may not be interrupted in the middle; a signal raises at its end."""
        before, self._only_waits = self._only_waits, False
        yield
        self._only_waits = before
        if before:
            self.raise_if_requested()

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in heard_signals():
                self._before[number] = signal.signal(number, self._on_signal)
            self._entered.enter_context(stop_limit(self._limit_s))
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
            leave_lost_terminal()
        if self._told_at is None:
            self._told_at = time.monotonic()
            self.request()
            if self._only_waits and not is_importing(frame):
                raise StudyInterrupted
        elif is_urgent(number):
            end_now(AT_ONCE)
