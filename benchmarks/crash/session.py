"""``dmd-search`` as a process of its own, watched through its ledger."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.crash.processes import training_below
from orchestration.ledger.events import Event
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events

PATIENCE_S = 900.0


class Session:
    """One run of the command on a space.

    temporary: the directory for temporary files of its processes. environment: what they find there beside the usual.
    """

    def __init__(
        self, space: Path, out: Path, temporary: Path, arguments: tuple[str, ...], environment: Mapping[str, str]
    ) -> None:
        self.study = out / space.stem
        self.temporary = temporary
        self._again = partial(Session, space, out, temporary, arguments, environment)
        self._errors = temporary.parent / f"{space.stem}.err"
        program = Path(sys.executable).parent / "dmd-search"
        command = [str(program), "--space", str(space), "--out", str(out), "--json", *arguments]
        own = {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
        # Files, not pipes: what a killed driver leaves would keep a pipe open.
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **own, **environment},
                start_new_session=True,
            )

    def events(self) -> list[Event]:
        """The ledger so far; a line that is being written is left out."""
        path = self.study / LEDGER_FILE
        return [event for event, _ in read_events(path)] if path.exists() else []

    def wait_for_news(self, number: int) -> bool:
        """Wait until the study has begun, and so many epochs and endings are in its ledger.

        False if the session ended before.
        """

        def is_there() -> bool:
            kinds = [event.kind for event in self.events()]
            return bool(kinds) and sum(kind in ("report", "tell") for kind in kinds) >= number

        return wait_until(is_there, self.process)

    def again(self) -> Session:
        """The same command once more."""
        return self._again()

    def wait(self) -> int:
        """Wait for the end and return the exit code. Raises TimeoutExpired after ``PATIENCE_S``."""
        return self.process.wait(PATIENCE_S)

    def said(self) -> str:
        """What it has written to stderr."""
        return self._errors.read_text(errors="replace")

    def workers(self) -> list[int]:
        """Processes that train, below the driver."""
        return training_below(self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        """End the driver at once, if it lives; its processes follow."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait; False if ``process`` ends before, or patience does."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_so():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(0.05)
    return False
