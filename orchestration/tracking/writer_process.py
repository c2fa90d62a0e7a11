"""The process that writes a study to MLflow: it follows the ledger and delivers new events.

    python -m orchestration.tracking.writer_process

:class:`orchestration.tracking.mlflow_tracker.MlflowTracker` spawns it and sends it lines on standard input: first the
:class:`WriterConfig`, then every new length of the ledger, at last one with how the study ended. If the input ends
without the last one, the driver has died, and the writer exits at once. On standard output it writes a line for every
:class:`Progress`.

MLflow's client takes more processor time per trial than the whole driver does, and in a thread of the driver it would
block all decisions.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from orchestration.ledger.events import Event
from orchestration.ledger.file_names import LEDGER_FILE, MANIFEST_FILE
from orchestration.ledger.ledger_file import read_events, read_lines
from orchestration.ledger.session_time import SessionTime
from orchestration.ledger.state import REPORT_KINDS, read_ledger_id
from orchestration.process.atomic_files import remove_half_written, sync
from orchestration.process.file_lock import locked
from orchestration.process.logs import quiet_libraries, study_logs
from orchestration.process.redaction import redacted_line, without_credentials
from orchestration.tracking.database import file_of, is_database
from orchestration.tracking.delivery import Delivery, connect
from orchestration.tracking.experiment import claim_experiment, has_run, restore_runs
from orchestration.tracking.position import POSITION_FILE, Position, load_position, save_position
from orchestration.tracking.protocol import StudyStatus
from orchestration.tracking.sqlite_store import ARTIFACTS, make_own_store, move_artifacts, opened_store, store_of
from orchestration.tracking.superseded_runs import follow_superseded

if TYPE_CHECKING:
    from mlflow import MlflowClient

LOCK_FILE, LOG_FILE = "tracking.lock", "tracking.log"

logger = logging.getLogger(__name__)

_BATCH = 500
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0


@dataclass(frozen=True)
class WriterConfig:
    """What a writer is to write; the first line of its input.

    Attributes:
        study: its name.
        directory: the study's.
        logs: directory of the writer's log.
        uri: MLflow's tracking address; None: SQLite in ``directory``.
        min_batch_s: seconds during which events are collected.
    """

    study: str
    directory: str
    logs: str
    uri: str | None
    min_batch_s: float


@dataclass(frozen=True)
class Progress:
    """A line of the writer's output.

    Attributes:
        offset: bytes of the ledger that are delivered.
        problem: why delivery is stuck, without credentials; None if it is not.
        num_rejected: events that the store called invalid.
        notes: remarks about the store for the user, one line each.
    """

    offset: int
    problem: str | None = None
    num_rejected: int = 0
    notes: tuple[str, ...] = ()


class DriverMessages:
    """The driver's messages so far: the length of the ledger, and how the study ended.

    A thread calls ``handle`` for every line; the writer's main thread calls ``wait``.
    """

    def __init__(self, length: int = 0, status: StudyStatus | None = None) -> None:
        self.length = length
        self.status = status
        self._changed = threading.Event()
        self._ends = threading.Event()

    def handle(self, line: bytes) -> None:
        """One line: a length of the ledger in bytes, in the last one followed by how the study ended."""
        length, _, status = line.decode().strip().partition(" ")
        self.length = int(length)
        if status:
            self.status = "complete" if status == "complete" else "interrupted"
            self._ends.set()
        self._changed.set()

    def wait(self, min_batch_s: float) -> None:
        """Wait for a new message, and for ``min_batch_s`` more seconds unless the study ends."""
        self._changed.wait()
        self._changed.clear()
        self._ends.wait(min_batch_s)


class Writer:
    """Delivers the ledger of one study until the study has ended and everything is delivered.

    Args:
        config: what to write.
        messages: say how long the ledger is.
        send: called with every :class:`Progress`.
    """

    def __init__(self, config: WriterConfig, messages: DriverMessages, send: Callable[[Progress], None]) -> None:
        self._config = config
        self._messages = messages
        self._send = send
        self._directory = Path(config.directory)
        self._ledger = self._directory / LEDGER_FILE
        self._target = without_credentials(store_of(self._directory, config.uri))
        self._position = load_position(self._directory, self._target, messages.length)
        self._known_unsent_offset = self._end_of_batch()
        self._delivery: Delivery | None = None
        self._num_rejected = 0
        self._notes: dict[str, None] = {}

    def run(self) -> None:
        """Retry after every error, at growing intervals: servers come back."""
        with opened_store(self._directory, self._config.uri) as address:
            self._follow(address)

    def _follow(self, address: str) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            status = self._messages.status
            try:
                self._deliver_all(address)
                if status is not None and self._position.offset == self._messages.length:
                    self._end_study(status)
                    return
                wait_s = _FIRST_WAIT_S
                self._messages.wait(self._config.min_batch_s)
            except Exception as error:
                reason = redacted_line(error, 200)
                self._report_progress(f"{type(error).__name__}: {reason}")
                logger.info("MLflow is away, events wait in the ledger: %s: %s", type(error).__name__, reason)
                self._known_unsent_offset = max(self._known_unsent_offset, self._end_of_batch())
                # Connect again: something may have been deleted in the store.
                self._delivery = None
                time.sleep(wait_s if self._messages.status is None else _FIRST_WAIT_S)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _deliver_all(self, address: str) -> None:
        if self._messages.length == 0:
            return
        database = file_of(address)
        # First: with a store that has lost runs it begins again.
        self._delivery = self._delivery or self._connect(address)
        while batch := self._next_batch():
            # An event that MLflow has but a power cut took from the ledger would be delivered twice.
            sync(self._ledger)
            self._num_rejected += self._delivery.deliver(batch)
            if database is not None:
                # SQLite ends a change by removing a file; without this a power cut could take the change back.
                sync(database.parent)
            self._position = self._delivery.position_at(batch[-1][1])
            save_position(self._directory, self._target, self._position)
            self._report_progress()

    def _connect(self, address: str) -> Delivery:
        config = self._config
        if config.uri is None:
            make_own_store(self._directory)
        artifacts, manifest = self._directory / ARTIFACTS, self._directory / MANIFEST_FILE
        client = connect(address)
        experiment = self._find_experiment(client, artifacts)
        delivery = Delivery(
            client,
            config.study,
            experiment,
            artifacts,
            manifest,
            self._position,
            self._known_unsent_offset,
            follow_superseded(client, experiment, manifest, self._ledger, self._position.offset),
        )
        # A session that was killed, or an earlier version, may have left some unmarked.
        delivery.mark_superseded()
        return delivery

    def _find_experiment(self, client: MlflowClient, artifacts: Path) -> str:
        """The study's experiment with its runs restored; if one is gone for good, everything is delivered again."""
        study, ledger = self._config.study, read_ledger_id(self._ledger)
        assert ledger is not None, "its first event has it"
        # A database holds no files, and MLflow would put them wherever the command was started.
        place = artifacts.absolute().as_uri() if is_database(client.tracking_uri) else None
        found = claim_experiment(client, study, ledger, place)
        if found.name != study:
            self._note(f"MLflow at {self._target} has another study {study!r}; this one is {found.name!r} there")
        if restored := restore_runs(client, found.experiment_id):
            runs = "1 run of this study was" if restored == 1 else f"{restored} runs of this study were"
            self._note(f"{runs} deleted in MLflow and {'is' if restored == 1 else 'are'} there again")
        if self._config.uri is None and place is not None and found.artifact_location != place:
            move_artifacts(self._directory, found.artifact_location, place)
        known = [run for run in (self._position.parent_run, *self._position.runs.values()) if run is not None]
        if not all(has_run(client, run) for run in known):
            self._position = Position()
            self._known_unsent_offset = self._end_of_batch()
        return str(found.experiment_id)

    def _next_batch(self) -> list[tuple[Event, int]]:
        start, end = self._position.offset, self._messages.length
        return list(itertools.islice(read_events(self._ledger, start, end), _BATCH)) if end > start else []

    def _end_of_batch(self) -> int:
        """End of the part of the ledger that may have been sent without being recorded: one batch at most.

        A position is on disk before the next batch is sent. Without a position everything may have been sent.
        """
        if self._position.offset == 0:
            return self._messages.length
        batch = self._next_batch()
        return batch[-1][1] if batch else self._position.offset

    def _end_study(self, status: StudyStatus) -> None:
        if self._delivery is None:
            # The ledger is empty.
            return
        taken = SessionTime()
        for line, _ in read_lines(self._ledger, stop=self._messages.length):
            # As the report counts, without decoding what the ledger holds.
            if line.kind in REPORT_KINDS:
                taken.see(line)
        ended = "FINISHED" if status == "complete" else "KILLED"
        self._delivery.end_study(ended, time.time_ns() // 1_000_000, taken.used_ms() / 1000)
        self._report_progress()

    def _note(self, line: str) -> None:
        self._notes[line] = None

    def _report_progress(self, problem: str | None = None) -> None:
        self._send(Progress(self._position.offset, problem, self._num_rejected, tuple(self._notes)))


def _listen(source: BinaryIO, messages: DriverMessages) -> None:
    for line in source:
        messages.handle(line)
    if messages.status is None:
        # The driver was killed. The one that continues the study spawns another writer, which waits for our lock.
        os._exit(1)


def _open_answers() -> TextIO:
    """Standard output for our lines alone: prints of libraries go to standard error from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def main() -> None:
    # A signal to stop the study reaches the driver, and the driver stops its writer.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = _open_answers()

    def answer(progress: Progress) -> None:
        print(json.dumps(asdict(progress)), file=answers, flush=True)

    source = sys.stdin.buffer
    config = WriterConfig(**json.loads(source.readline()))
    messages = DriverMessages()
    messages.handle(source.readline())
    threading.Thread(target=_listen, args=(source, messages), daemon=True).start()
    quiet_libraries()
    with study_logs(Path(config.logs), LOG_FILE), locked(Path(config.directory, LOCK_FILE)):
        remove_half_written(Path(config.directory, POSITION_FILE))
        Writer(config, messages, answer).run()
    # A normal exit would wait for the thread that still reads, and abort.
    os._exit(0)


if __name__ == "__main__":
    main()
