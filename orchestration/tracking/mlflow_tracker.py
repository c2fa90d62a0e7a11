"""MLflow follows the ledger: a process of its own reads what is new and writes it in batches.

The ledger is the queue. While MLflow is away events wait there, on disk and not in memory, and are delivered later in
this session or in the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from orchestration.ledger.ledger import Ledger, read_events
from orchestration.process.cleanup import hold, release
from orchestration.process.redaction import without_credentials
from orchestration.process.signals import NOTICES, unheard
from orchestration.process.temporary import remove_abandoned
from orchestration.tracking import writer_process as writer
from orchestration.tracking.position import load_position
from orchestration.tracking.protocol import Deadline, StudyStatus, no_deadline
from orchestration.tracking.sqlite_store import store_of
from orchestration.tracking.writer_process import Assignment, Progress

_LOOK_S = 0.1
_LEAST_S = 1.0
"""What the writer has for its last events, however late it is."""
_RESTART_S = 30.0
OUTPUT_FILE = "tracking.err"


class MlflowTracker:
    """Writes one study to MLflow.

    directory: the study's; it holds the manifest, the ledger, details of trials, the memory of what is delivered,
    ``mlflow.db`` unless ``uri`` names another store, and MLflow's artifacts unless a server keeps them. checkpoints:
    whose confirm trials' states become artifacts. patience_s: how long ``close`` waits for a store that is slow (the
    first start of SQLite makes forty tables); one that is away, and an interrupted study, get ``impatience_s`` without
    progress. min_batch_s: how long events are gathered: a trial that begins and ends meanwhile is written at once, and
    not in pieces.
    """

    def __init__(
        self,
        ledger: Ledger,
        study: str,
        directory: Path,
        uri: str | None = None,
        checkpoints: Path | None = None,
        patience_s: float = 90.0,
        impatience_s: float = 5.0,
        min_batch_s: float = 1.0,
    ) -> None:
        directory = directory.absolute()
        self._ledger = ledger
        self._assignment = Assignment(
            study,
            str(directory),
            str(directory / "logs"),
            uri,
            None if checkpoints is None else str(checkpoints.absolute()),
            min_batch_s,
        )
        self._target = without_credentials(store_of(directory, uri))
        self._patience_s = patience_s
        self._impatience_s = impatience_s
        self._progress = Progress(load_position(directory, self._target, ledger.length).offset)
        self._writer: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Start the process; what it has to say of how far it is is heard by a thread."""
        # The modules of this process, and none that lie in the directory where the study was started.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        logs = Path(self._assignment.logs)
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / OUTPUT_FILE).open("ab") as output, unheard(*NOTICES):
            self._writer = subprocess.Popen(
                [sys.executable, "-P", "-m", writer.__name__],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=environment,
                # Ctrl-C in a terminal is for the driver.
                start_new_session=True,
            )
        hold(self._end_at_once)
        self._started_at = time.monotonic()
        self._listener = threading.Thread(target=self._listen, args=(self._writer.stdout,), daemon=True)
        self._listener.start()
        self._send(json.dumps(asdict(self._assignment)))
        self.wake()

    def wake(self) -> None:
        """Say how long the ledger is now. A writer that has died is replaced, though not at every event."""
        if self._has_ended and time.monotonic() - self._started_at > _RESTART_S:
            self._part()
            self.start()
        self._send(f"{self._ledger.length}")

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        self._finish(status, deadline)
        if self._has_died and status == "complete" and deadline() > time.monotonic():
            # It could be killed at any time, and so in the end; who is in a hurry lets the next session deliver.
            self._part()
            self.start()
            self._finish(status, deadline)
        if self._has_died:
            self._progress = replace(self._progress, problem=f"its writer died, see {self._assignment.logs}")
        self._part()
        return self._describe_undelivered()

    def _finish(self, status: StudyStatus, deadline: Deadline) -> None:
        """Wait until the writer has ended, or does not get on any more, or the deadline has passed."""
        self._send(f"{self._ledger.length} {status}")
        offset, moved_at = self._progress.offset, time.monotonic()
        least = moved_at + _LEAST_S
        while not self._has_ended and time.monotonic() < max(deadline(), least):
            time.sleep(_LOOK_S)
            if self._progress.offset != offset:
                offset, moved_at = self._progress.offset, time.monotonic()
            is_hopeful = status == "complete" and self._progress.problem is None
            if time.monotonic() - moved_at > (self._patience_s if is_hopeful else self._impatience_s):
                break

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the store, a line each."""
        return tuple(f"tracking: {note}" for note in self._progress.notes)

    @property
    def _has_died(self) -> bool:
        return self._writer is not None and self._writer.poll() not in (None, 0)

    @property
    def _has_ended(self) -> bool:
        return self._writer is None or self._writer.poll() is not None

    def _send(self, line: str) -> None:
        if self._writer is not None and self._writer.stdin is not None:
            # A writer that has died is missed in ``wake`` and ``close``.
            with contextlib.suppress(BrokenPipeError):
                self._writer.stdin.write(f"{line}\n".encode())

    def _listen(self, source: IO[bytes]) -> None:
        for line in source:
            self._progress = Progress(**json.loads(line))

    def _part(self) -> None:
        """Let the process go, whatever it does, with what it leaves."""
        if self._writer is None:
            return
        release(self._end_at_once)
        with self._writer as process:
            process.kill()
            self._listener.join()
        self._writer = None
        if process.returncode != 0:
            remove_abandoned()

    def _end_at_once(self) -> None:
        if self._writer is not None:
            self._writer.kill()
            self._writer.wait()
            remove_abandoned()

    def _describe_undelivered(self) -> str | None:
        progress = self._progress
        num = sum(1 for _ in read_events(self._ledger.path, progress.offset, self._ledger.length))
        if num:
            reason = f" ({progress.problem})" if progress.problem else ""
            return (
                f"tracking: {num} events are not yet in MLflow at {self._target}{reason}; "
                "the ledger keeps them, run the same command again to deliver them"
            )
        if progress.num_refused:
            refused = f"{progress.num_refused} events as invalid"
            return f"tracking: MLflow at {self._target} refused {refused}; the ledger has them"
        return None
