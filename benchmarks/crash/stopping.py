"""A session is told to stop: how long that takes, and what is left of it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash.processes import command_of, descendants, users_of
from benchmarks.crash.session import Session

STOP_S = 10.0
"""What Ctrl-C and SIGTERM may take."""


@dataclass(frozen=True)
class Ending:
    """How a session ended. took_s: after the signal. processes: commands of those that outlived it; directories: names
    of what lies in its place for temporary files. said: on stderr."""

    took_s: float
    code: int
    processes: tuple[str, ...]
    directories: tuple[str, ...]
    said: str

    @property
    def is_clean(self) -> bool:
        """Whether it ended as promised: soon, by its exit code, with words and without a traceback."""
        is_told = bool(self.said.strip()) and "Traceback" not in self.said and "Exception ignored" not in self.said
        return self.code == 130 and self.took_s <= STOP_S and is_told


def stop(session: Session, number: signal.Signals) -> Ending:
    """Send the signal (SIGINT to all processes of the terminal, as Ctrl-C is) and wait for the end."""
    below = descendants(session.process.pid)
    asked = time.monotonic()
    if number == signal.SIGINT:
        os.killpg(session.process.pid, number)
    else:
        session.signal(number)
    code = session.wait()
    took_s = time.monotonic() - asked
    outlived = [command for pid in below if (command := command_of(pid))]
    processes = dict.fromkeys([*outlived, *users_of(session.temporary)])
    return Ending(took_s, code, tuple(processes), left_in(session.temporary), session.said())


def left_in(temporary: Path) -> tuple[str, ...]:
    """What our processes have left there. Torch's cache has a fixed place for each user, and is empty."""
    return tuple(path.name for path in temporary.iterdir() if not path.name.startswith("torchinductor_"))
