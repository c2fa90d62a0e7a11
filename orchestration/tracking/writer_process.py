"""The process that writes a study to MLflow: it follows the ledger and delivers what is new, beside the driver.

    python -m orchestration.tracking.writer_process

It is started by :class:`orchestration.tracking.mlflow_tracker.MlflowTracker` and told on standard input: first a line
with :class:`Assignment`, then a line for every new length of the ledger, at last one with how the study ended. The end
of the input without that means that the driver is dead; then the writer ends at once, as if it were the driver.
Standard output has a line for every :class:`Progress`.

MLflow's client costs more processor time for a trial than everything that a driver does, and in a thread of the driver
it would hold up all decisions.
"""

from __future__ import annotations

import fcntl
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
from orchestration.ledger.ledger import LEDGER_FILE, read_events, read_lines
from orchestration.ledger.session_time import SessionTime
from orchestration.ledger.state import REPORT_KINDS, read_ledger_id
from orchestration.ledger.study_directory import MANIFEST_FILE
from orchestration.process.atomic_files import remove_half_written, sync
from orchestration.process.logs import quiet_libraries, study_logs
from orchestration.process.redaction import without_credentials
from orchestration.tracking.database import file_of, is_database
from orchestration.tracking.delivery import Delivery, connect
from orchestration.tracking.experiment import claim_experiment, has_run, restore_runs
from orchestration.tracking.position import POSITION_FILE, Position, load_position, save_position
from orchestration.tracking.protocol import StudyStatus
from orchestration.tracking.sqlite_store import make_own_store, move_artifacts, opened_store, store_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

LOCK_FILE, LOG_FILE = "tracking.lock", "tracking.log"

logger = logging.getLogger(__name__)

_BATCH = 500
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0


@dataclass(frozen=True)
class Assignment:
    """What a writer is to write. directory: the study's; logs: where the writer's log goes; the rest is explained at
    :class:`orchestration.tracking.mlflow_tracker.MlflowTracker`."""

    study: str
    directory: str
    logs: str
    uri: str | None
    checkpoints: str | None
    min_batch_s: float


@dataclass(frozen=True)
class Progress:
    """offset: bytes of the ledger that are delivered. problem: why it does not go on now, without credentials.
    num_refused: events that the store calls invalid. notes: what the user should know of the store, a line each."""

    offset: int
    problem: str | None = None
    num_refused: int = 0
    notes: tuple[str, ...] = ()


class Inbox:
    """What the driver has said so far: how long the ledger is, and how the study ended."""

    def __init__(self, length: int = 0, status: StudyStatus | None = None) -> None:
        self.length = length
        self.status = status
        self._has_news = threading.Event()
        self._ends = threading.Event()

    def take(self, line: bytes) -> None:
        """One line of the driver: a length of the ledger, the last time followed by how the study ended."""
        length, _, status = line.decode().strip().partition(" ")
        self.length = int(length)
        if status:
            self.status = "complete" if status == "complete" else "interrupted"
            self._ends.set()
        self._has_news.set()

    def wait(self, min_batch_s: float) -> None:
        """Until there is something new, and for ``min_batch_s`` more unless the study ends."""
        self._has_news.wait()
        self._has_news.clear()
        self._ends.wait(min_batch_s)


class Writer:
    """Delivers the ledger of one study as far as ``inbox`` says that it goes, until the study has ended and all is
    delivered. tell: hears of every :class:`Progress`."""

    def __init__(self, assignment: Assignment, inbox: Inbox, tell: Callable[[Progress], None]) -> None:
        self._assignment = assignment
        self._inbox = inbox
        self._tell = tell
        self._directory = Path(assignment.directory)
        self._ledger = self._directory / LEDGER_FILE
        self._target = without_credentials(store_of(self._directory, assignment.uri))
        self._position = load_position(self._directory, self._target, inbox.length)
        self._certain_from = self._end_of_batch()
        self._delivery: Delivery | None = None
        self._num_refused = 0
        self._notes: dict[str, None] = {}

    def run(self) -> None:
        """Whatever goes wrong is tried again, in growing intervals: servers come back."""
        with opened_store(self._directory, self._assignment.uri) as address:
            self._follow(address)

    def _follow(self, address: str) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            status = self._inbox.status
            try:
                self._deliver_all(address)
                if status is not None and self._position.offset == self._inbox.length:
                    self._end_study(status)
                    return
                wait_s = _FIRST_WAIT_S
                self._inbox.wait(self._assignment.min_batch_s)
            except Exception as error:
                reason = without_credentials(" ".join(str(error).split()))[:200]
                self._say(f"{type(error).__name__}: {reason}")
                logger.info("MLflow is away, events wait in the ledger: %s: %s", type(error).__name__, reason)
                self._certain_from = max(self._certain_from, self._end_of_batch())
                # What is known of the store may be what was wrong: somebody has deleted something there.
                self._delivery = None
                time.sleep(wait_s if self._inbox.status is None else _FIRST_WAIT_S)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _deliver_all(self, address: str) -> None:
        if self._inbox.length == 0:
            return
        database = file_of(address)
        # First: with a store that has lost runs it begins again.
        self._delivery = self._delivery or self._connect(address)
        while batch := self._next_batch():
            # What MLflow has and a power cut takes from the ledger would be delivered twice.
            sync(self._ledger)
            self._num_refused += self._delivery.deliver(batch)
            if database is not None:
                # SQLite ends a change by removing a file; without this a power cut could take the change back.
                sync(database.parent)
            self._position = self._delivery.position_at(batch[-1][1])
            save_position(self._directory, self._target, self._position)
            self._say()

    def _connect(self, address: str) -> Delivery:
        assignment = self._assignment
        if assignment.uri is None:
            make_own_store(self._directory)
        details = self._directory / "artifacts"
        client = connect(address)
        experiment = self._find_experiment(client, details)
        return Delivery(
            client,
            assignment.study,
            experiment,
            None if assignment.checkpoints is None else Path(assignment.checkpoints),
            details,
            self._directory / MANIFEST_FILE,
            self._position,
            self._certain_from,
        )

    def _find_experiment(self, client: MlflowClient, artifacts: Path) -> str:
        """The study's experiment with all that it had; what cannot be brought back is delivered again."""
        study, ledger = self._assignment.study, read_ledger_id(self._ledger)
        assert ledger is not None, "its first event has it"
        # A database holds no files, and MLflow would put them wherever the command was started.
        place = artifacts.absolute().as_uri() if is_database(client.tracking_uri) else None
        found = claim_experiment(client, study, ledger, place)
        if found.name != study:
            self._note(f"MLflow at {self._target} has another study {study!r}; this one is {found.name!r} there")
        if restored := restore_runs(client, found.experiment_id):
            runs = "1 run of this study was" if restored == 1 else f"{restored} runs of this study were"
            self._note(f"{runs} deleted in MLflow and {'is' if restored == 1 else 'are'} there again")
        if self._assignment.uri is None and place is not None and found.artifact_location != place:
            move_artifacts(self._directory, found.artifact_location, place)
        known = [run for run in (self._position.parent_run, *self._position.runs.values()) if run is not None]
        if not all(has_run(client, run) for run in known):
            self._position = Position()
            self._certain_from = self._end_of_batch()
        return str(found.experiment_id)

    def _next_batch(self) -> list[tuple[Event, int]]:
        start, end = self._position.offset, self._inbox.length
        return list(itertools.islice(read_events(self._ledger, start, end), _BATCH)) if end > start else []

    def _end_of_batch(self) -> int:
        """Where the part of the ledger ends that may have been sent without being remembered: one batch at most.

        A position is on disk before the next batch is sent. Where none is remembered, everything may have been sent.
        """
        if self._position.offset == 0:
            return self._inbox.length
        batch = self._next_batch()
        return batch[-1][1] if batch else self._position.offset

    def _end_study(self, status: StudyStatus) -> None:
        if self._delivery is None:
            # Nothing has begun.
            return
        taken = SessionTime()
        for line, _ in read_lines(self._ledger, stop=self._inbox.length):
            # As the report counts, without decoding what the ledger holds.
            if line.kind in REPORT_KINDS:
                taken.see(line)
        ended = "FINISHED" if status == "complete" else "KILLED"
        self._delivery.end_study(ended, time.time_ns() // 1_000_000, taken.used_ms() / 1000)
        self._say()

    def _note(self, line: str) -> None:
        self._notes[line] = None

    def _say(self, problem: str | None = None) -> None:
        self._tell(Progress(self._position.offset, problem, self._num_refused, tuple(self._notes)))


def _listen(source: BinaryIO, inbox: Inbox) -> None:
    for line in source:
        inbox.take(line)
    if inbox.status is None:
        # The driver was killed; the one that continues the study has a writer of its own, which waits for our lock.
        os._exit(1)


def _open_answers() -> TextIO:
    """Standard output, for our answers alone: what any library prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def main() -> None:
    # Who stops a study stops its driver, and the driver its writer.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = _open_answers()

    def answer(progress: Progress) -> None:
        print(json.dumps(asdict(progress)), file=answers, flush=True)

    source = sys.stdin.buffer
    assignment = Assignment(**json.loads(source.readline()))
    inbox = Inbox()
    inbox.take(source.readline())
    threading.Thread(target=_listen, args=(source, inbox), daemon=True).start()
    quiet_libraries()
    with study_logs(Path(assignment.logs), LOG_FILE), Path(assignment.directory, LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_half_written(Path(assignment.directory, POSITION_FILE))
        Writer(assignment, inbox, answer).run()
    # Python's own end would wait for the thread that still listens, and abort.
    os._exit(0)


if __name__ == "__main__":
    main()
