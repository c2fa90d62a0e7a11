"""The MLflow tracker: a child process reads new events from the ledger and writes them to MLflow in batches.

The ledger is the queue. While MLflow cannot be reached, events wait there, on disk and not in memory, and are delivered
later in this session or in the next one.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from orchestration.ledger.ledger import Ledger
from orchestration.ledger.ledger_file import read_events
from orchestration.process import cleanup
from orchestration.process.child_module import start_module
from orchestration.process.redaction import without_credentials
from orchestration.process.temporary import remove_abandoned
from orchestration.tracking import writer_process as writer
from orchestration.tracking.position import load_position
from orchestration.tracking.protocol import Deadline, StudyStatus, no_deadline
from orchestration.tracking.sqlite_store import store_of
from orchestration.tracking.writer_process import Progress, WriterConfig

_LOOK_S = 0.1
_LEAST_S = 1.0
"""Seconds that the writer has for its last events even after the deadline."""
_RESTART_S = 30.0
OUTPUT_FILE = "tracking.err"


class MlflowTracker:
    """Writes one study to MLflow, by way of a child process (:mod:`orchestration.tracking.writer_process`).

    Args:
        ledger: of the study.
        study: its name.
        directory: the study's; it has the manifest, the ledger, per-item outputs, the tracker's position, ``mlflow.db``
            unless ``uri`` names another store, and MLflow's artifacts unless a server stores them.
        uri: MLflow's tracking address; None: SQLite in ``directory``.
        patience_s: seconds without progress after which ``close`` gives up on a slow store (the first start of SQLite
            creates forty tables).
        impatience_s: the same for a store that cannot be reached, and for an interrupted study.
        min_batch_s: seconds during which events are collected: a trial that starts and ends within them is written at
            once and not in pieces.
    """

    def __init__(
        self,
        ledger: Ledger,
        study: str,
        directory: Path,
        uri: str | None = None,
        patience_s: float = 90.0,
        impatience_s: float = 5.0,
        min_batch_s: float = 1.0,
    ) -> None:
        directory = directory.absolute()
        self._ledger = ledger
        self._config = WriterConfig(
            study=study,
            directory=str(directory),
            logs=str(directory / "logs"),
            uri=uri,
            min_batch_s=min_batch_s,
        )
        self._target = without_credentials(store_of(directory, uri))
        self._patience_s = patience_s
        self._impatience_s = impatience_s
        self._progress = Progress(load_position(directory, self._target, ledger.length).offset)
        self._writer: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Spawn the writer process; a thread reads its progress."""
        logs = Path(self._config.logs)
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / OUTPUT_FILE).open("ab") as output:
            self._writer = start_module(writer.__name__, output)
        cleanup.register(self._kill_writer)
        self._started_at = time.monotonic()
        self._listener = threading.Thread(target=self._listen, args=(self._writer.stdout,), daemon=True)
        self._listener.start()
        self._send(json.dumps(asdict(self._config)))
        self.wake()

    def wake(self) -> None:
        """Send the new length of the ledger. A writer that has died is replaced, at most every 30 seconds."""
        if self._has_ended and time.monotonic() - self._started_at > _RESTART_S:
            self._stop_writer()
            self.start()
        self._send(f"{self._ledger.length}")

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        self._finish(status, deadline)
        if self._has_died and status == "complete" and deadline() > time.monotonic():
            # Retry once; an interrupted study leaves the rest to the next session.
            self._stop_writer()
            self.start()
            self._finish(status, deadline)
        if self._has_died:
            self._progress = replace(self._progress, problem=f"its writer died, see {self._config.logs}")
        self._stop_writer()
        return self._describe_undelivered()

    def _finish(self, status: StudyStatus, deadline: Deadline) -> None:
        """Wait until the writer has exited, makes no progress any more, or the deadline has passed."""
        self._send(f"{self._ledger.length} {status}")
        offset, moved_at = self._progress.offset, time.monotonic()
        least = moved_at + _LEAST_S
        while not self._has_ended and time.monotonic() < max(deadline(), least):
            time.sleep(_LOOK_S)
            if self._progress.offset != offset:
                offset, moved_at = self._progress.offset, time.monotonic()
            is_making_progress = status == "complete" and self._progress.problem is None
            if time.monotonic() - moved_at > (self._patience_s if is_making_progress else self._impatience_s):
                break

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks about the store for the user, one line each."""
        return tuple(f"tracking: {note}" for note in self._progress.notes)

    @property
    def _has_died(self) -> bool:
        return self._writer is not None and self._writer.poll() not in (None, 0)

    @property
    def _has_ended(self) -> bool:
        return self._writer is None or self._writer.poll() is not None

    def _send(self, line: str) -> None:
        if self._writer is not None and self._writer.stdin is not None:
            # ``wake`` and ``close`` notice a writer that has died.
            with contextlib.suppress(BrokenPipeError):
                self._writer.stdin.write(f"{line}\n".encode())

    def _listen(self, source: IO[bytes]) -> None:
        for line in source:
            self._progress = Progress(**json.loads(line))

    def _stop_writer(self) -> None:
        """Kill and reap the process, and remove its temporary directories if it left any."""
        if self._writer is None:
            return
        cleanup.unregister(self._kill_writer)
        with self._writer as process:
            process.kill()
            self._listener.join()
        self._writer = None
        if process.returncode != 0:
            remove_abandoned()

    def _kill_writer(self) -> None:
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
        if progress.num_rejected:
            refused = f"{progress.num_rejected} events as invalid"
            return f"tracking: MLflow at {self._target} refused {refused}; the ledger has them"
        return None
