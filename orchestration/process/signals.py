"""Signals that ask this program to end: SIGINT (Ctrl-C), SIGTERM, SIGHUP (its terminal is gone), and what batch systems
send before they end a job themselves.

The first ends it by an exception, so that what it holds is given back on the way out; a second one ends it at once.
While a study runs, :mod:`orchestration.process.interruption` decides what they mean.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from orchestration.process.cleanup import give_all_back

INTERRUPTED = 130
"""The exit code of a program that a signal has ended."""

NOTICES = frozenset({signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU})
"""What batch systems send some time before they kill: SLURM what ``--signal`` names, mostly SIGUSR1; LSF and Grid
Engine SIGUSR2; a limit of processor time SIGXCPU."""

_ending = threading.RLock()
"""Taken by the one thread that ends this program."""

_SHOW_CURSOR = "\x1b[?25h"
_IMPORTS = "<frozen importlib"


class Stopped(BaseException):
    """A signal ends this program; its text is the line that says so. Handlers of ``Exception`` let it pass."""


class _Ear:
    """line: what the program says when a signal ends it."""

    def __init__(self, line: str) -> None:
        self.line = line
        self._has_heard = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            leave_lost_terminal()
        if self._has_heard and not is_urgent(number):
            return
        if self._has_heard or is_importing(frame):
            end_now(self.line)
        self._has_heard = True
        raise Stopped(self.line)

    def on_unraisable(self, dropped: sys.UnraisableHookArgs) -> None:
        # Python drops what is raised in a destructor, and would go on. A study goes on to its next look at the signal.
        if isinstance(dropped.exc_value, Stopped):
            end_now(self.line)
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(dropped)


_ear = _Ear("stopped")


def listen(line: str) -> None:
    """From now on a signal ends this program by :class:`Stopped`; for its main thread. line: what it says then."""
    say_when_stopped(line)
    sys.unraisablehook = _ear.on_unraisable
    for number in heard_signals():
        signal.signal(number, _ear.on_signal)


def say_when_stopped(line: str) -> None:
    """What a signal interrupts from now on."""
    _ear.line = line


def end_now(line: str) -> NoReturn:
    """End this program, out of a signal handler or any thread: say ``line``, give back what it holds, and leave."""
    _ending.acquire()
    if threading.current_thread() is threading.main_thread():
        ignore_signals()
    # Not through sys.stderr, in the middle of which the signal may have come.
    with contextlib.suppress(OSError):
        os.write(2, f"{_SHOW_CURSOR if os.isatty(2) else ''}{line}\n".encode())
    give_all_back()
    os._exit(INTERRUPTED)


def ignore_signals() -> None:
    """No signal ends this program any more; for its main thread."""
    for number in heard_signals():
        signal.signal(number, signal.SIG_IGN)


def heard_signals() -> list[signal.Signals]:
    """Those to listen to. SIGHUP and the notices only where nobody (``nohup``, ``trap ''``) has said that they mean
    nothing."""
    optional = sorted({signal.SIGHUP, *NOTICES})
    return [
        signal.SIGINT,
        signal.SIGTERM,
        *(number for number in optional if signal.getsignal(number) is not signal.SIG_IGN),
    ]


def is_urgent(number: int) -> bool:
    """Whether a second signal asks for an end at once. A person presses Ctrl-C twice for that; a terminal that closes
    and a batch system say the same thing more than once, from several places, and are in no hurry."""
    return number in (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def unheard(*numbers: signal.Signals) -> Iterator[None]:
    """Processes that are started meanwhile never hear these signals, not even while they import; this thread hears
    them at the end. What a terminal or a batch system sends to all processes is for the first of them to decide."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_lost_terminal() -> None:
    """To be called at SIGHUP: where a terminal is gone, what is written to it would fail, and a clean end with it."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported: what is raised there may be dropped (Python's own callbacks) or come out as
    another error (extension modules)."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTS):
            return True
        frame = frame.f_back
    return False
