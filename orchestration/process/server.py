"""A server as a child process: silent while it is well, ended with all of its own processes when this program ends,
unless that is by SIGKILL (decision 210)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from orchestration.process import cleanup
from orchestration.process.signals import blocked_signals, handled_signals

_LINES_KEPT = 20
"""Of what a server says before it answers: shown where it never does."""
_LOOK_S = 0.1
_PATIENCE_S, _LAST_PATIENCE_S = 2.0, 1.0
"""For a graceful end of all processes of a server, and until those are gone that were killed."""
_NONE = 0
"""The signal that only asks whether somebody is there."""


class ServerEnded(Exception):
    """The server ended by itself. Its text: the exit code, then the last lines that it wrote.

    Attributes:
        has_answered: whether it had served before.
    """

    def __init__(self, text: str, has_answered: bool) -> None:
        super().__init__(text)
        self.has_answered = has_answered


class Server:
    """A running server.

    Args:
        process: which, the leader of a process group of its own.
        show: called with every line that the server writes to its standard error once it answers: those are errors.
    """

    def __init__(self, process: subprocess.Popen[bytes], show: Callable[[str], object]) -> None:
        self._process = process
        self._show = show
        self._early: deque[str] = deque(maxlen=_LINES_KEPT)
        self._answers = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_it_answers(self, host: str, port: int) -> None:
        """Return once somebody can connect. Raises ServerEnded."""
        while not _listens(host, port):
            if self._process.poll() is not None:
                raise self._ended()
            time.sleep(_LOOK_S)
        self._answers.set()

    def wait_until_it_ends(self) -> NoReturn:
        """Raises ServerEnded, or what a signal to this program raises."""
        self._process.wait()
        raise self._ended()

    def _ended(self) -> ServerEnded:
        # Its last words; one of its processes that lives on may hold the pipe open.
        self._reader.join(timeout=1)
        lines = [f"ended with exit code {self._process.returncode}", *self._early]
        return ServerEnded("\n".join(lines), self._answers.is_set())

    def _read(self) -> None:
        assert self._process.stderr is not None, "it is started with a pipe"
        with self._process.stderr as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip()
                self._early.append(text)
                if self._answers.is_set():
                    self._show(text)


@contextlib.contextmanager
def running_server(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], show: Callable[[str], object]
) -> Iterator[Server]:
    """A server that lives as long as this context: at its end, at signals too, no process of the server is left.

    Args:
        command: program and arguments.
        directory: in which it is started.
        environment: of the process.
        show: as of :class:`Server`.
    """
    with contextlib.ExitStack() as opened:
        # Between the start and the promise to end it, no signal may end this program.
        handled = handled_signals()
        with blocked_signals(*handled):
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, handled),
            )
            kill = partial(_signal_group, process, signal.SIGKILL)
            cleanup.register(kill)
            opened.callback(cleanup.unregister, kill)
            opened.callback(_end, process)
        yield Server(process, show)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group of a process, by force after some seconds."""
    for number, patience_s in ((signal.SIGTERM, _PATIENCE_S), (signal.SIGKILL, _LAST_PATIENCE_S)):
        _signal_group(process, number)
        if _wait_until_gone(process, patience_s):
            return


def _wait_until_gone(process: subprocess.Popen[bytes], patience_s: float) -> bool:
    """Whether no process of the group is left within some seconds."""
    deadline = time.monotonic() + patience_s
    while _is_there(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True


def _is_there(process: subprocess.Popen[bytes]) -> bool:
    """Whether any process of the group is left."""
    # What has ended stays in its group until its parent has asked for the exit code.
    process.poll()
    return _signal_group(process, _NONE)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    """Whether any process of the group was there to be signalled."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False
