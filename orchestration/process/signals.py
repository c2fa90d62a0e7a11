"""Signal handlers: graceful shutdown at the first signal, forced shutdown at the second.

Handled are SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is gone), and the notices that batch systems send before they
kill a job. The first signal raises an exception, so that ``finally`` blocks run; a second one exits at once. While a
study runs, :mod:`orchestration.process.interruption` installs its own handlers.
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

from orchestration.process import cleanup

INTERRUPTED = 130
"""Exit code of a program that was ended by a signal."""

NOTICES = frozenset({signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU})
"""What batch systems send some time before they kill a job: SLURM the signal of ``--signal``, mostly SIGUSR1; LSF and
Grid Engine SIGUSR2; a limit of processor time SIGXCPU."""

_ending = threading.RLock()
"""Held by the one thread that ends this program."""

_SHOW_CURSOR = "\x1b[?25h"
_IMPORTS = "<frozen importlib"


class Stopped(BaseException):
    """Raised by the signal handler. Its text is the line to print; handlers of ``Exception`` let it pass."""


class _SignalHandler:
    """The handlers of this program.

    Args:
        line: printed when a signal ends the program.
    """

    def __init__(self, line: str) -> None:
        self.line = line
        self._was_signalled = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            detach_lost_terminal()
        if self._was_signalled and not forces_exit(number):
            return
        if self._was_signalled or is_importing(frame):
            exit_now(self.line)
        self._was_signalled = True
        raise Stopped(self.line)

    def on_unraisable(self, dropped: sys.UnraisableHookArgs) -> None:
        # Python drops an exception in a destructor and continues. A study checks for the request soon afterwards.
        if isinstance(dropped.exc_value, Stopped):
            exit_now(self.line)
        if not isinstance(dropped.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(dropped)


_handler = _SignalHandler("stopped")


def install_handlers(line: str) -> None:
    """From now on the first signal raises :class:`Stopped`; to be called in the main thread. line: its text."""
    set_stop_message(line)
    os.register_at_fork(after_in_child=_leave_to_parent)
    sys.unraisablehook = _handler.on_unraisable
    for number in handled_signals():
        signal.signal(number, _handler.on_signal)


def _leave_to_parent() -> None:
    """In a copy of this process, which is about to become another program or shares its work, signals do what they do
    by default. With the handlers of its parent it would free what that still uses, and kill it as a leftover."""
    for number in handled_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def set_stop_message(line: str) -> None:
    """Replace the line that is printed when a signal ends this program."""
    _handler.line = line


def exit_now(line: str) -> NoReturn:
    """Forced shutdown, from a signal handler or any thread: print ``line``, run the cleanup callbacks, exit."""
    _ending.acquire()
    if threading.current_thread() is threading.main_thread():
        ignore_signals()
    # Not through sys.stderr, whose lock the interrupted code may hold.
    with contextlib.suppress(OSError):
        os.write(2, f"{_SHOW_CURSOR if os.isatty(2) else ''}{line}\n".encode())
    cleanup.run_all()
    os._exit(INTERRUPTED)


@contextlib.contextmanager
def before_the_end() -> Iterator[None]:
    """For a thread that makes something outside this process: a forced shutdown waits for this block, and once one has
    begun, no other thread enters it any more."""
    with _ending:
        yield


def ignore_signals() -> None:
    """Ignore all handled signals from now on; to be called in the main thread."""
    for number in handled_signals():
        signal.signal(number, signal.SIG_IGN)


def handled_signals() -> list[signal.Signals]:
    """Signals to handle. SIGHUP and the notices are left out if the parent process ignores them (``nohup``,
    ``trap ''``)."""
    optional = sorted({signal.SIGHUP, *NOTICES})
    return [
        signal.SIGINT,
        signal.SIGTERM,
        *(number for number in optional if signal.getsignal(number) is not signal.SIG_IGN),
    ]


def forces_exit(number: int) -> bool:
    """Whether this signal, as a second one, forces an exit. A person presses Ctrl-C twice to force it; a closing
    terminal and a batch system send their signals repeatedly without that meaning."""
    return number in (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def blocked_signals(*numbers: signal.Signals) -> Iterator[None]:
    """Block signals in this thread, and for good in the processes that it spawns meanwhile, even while they import.

    A terminal or a batch system sends its signals to all processes of a study; the driver alone handles them. A signal
    that is pending at the end of this context is delivered to this thread.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def detach_lost_terminal() -> None:
    """Send stdout and stderr to /dev/null if their terminal is gone: after SIGHUP, writes to it fail and would break a
    graceful shutdown."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported: an exception raised there may be dropped (Python's own callbacks) or be
    replaced by another error (extension modules)."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTS):
            return True
        frame = frame.f_back
    return False
