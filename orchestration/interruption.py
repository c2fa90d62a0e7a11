"""Ctrl-C and SIGTERM: the study stops cleanly and goes on when the same command is run again."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StudyInterrupted(KeyboardInterrupt):
    """The study was asked to stop. No error of any trial: handlers of ``Exception`` let it pass."""


def take_sigterm_for_ctrl_c() -> None:
    """SIGTERM, too, ends this program by an exception, so that what it holds is given back; for the main thread."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class Interruption:
    """Notes that the study should stop; as a context manager in the main thread it listens to SIGINT and SIGTERM.

    The first signal asks for a clean stop, a second one ends the program at once.
    """

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._before: dict[int, object] = {}

    @property
    def is_requested(self) -> bool:
        return self._requested.is_set()

    def request(self) -> None:
        """Ask the study to stop, from any thread."""
        self._requested.set()

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def listen_again(self) -> None:
        """Take the signals back from a library that has taken them (Ray's start does so for SIGTERM)."""
        for number in self._before:
            signal.signal(number, self._on_signal)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._requested.is_set():
            raise StudyInterrupted
        self._requested.set()
