"""MLflow follows the ledger: one thread reads what is new and writes it in batches, off the scheduling path.

The ledger is the queue. While MLflow is away events wait there, on disk and not in memory, and are delivered later in
this session or in the next one.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from pathlib import Path

from orchestration.events import Event
from orchestration.ledger import Ledger, read_events, read_lines
from orchestration.ledger_state import REPORT_KINDS
from orchestration.limits import SessionTime
from orchestration.tracking.credentials import without_credentials
from orchestration.tracking.delivery import Delivery, connect
from orchestration.tracking.own_store import make_own_store, store_of
from orchestration.tracking.position import Position, load_position, save_position
from orchestration.tracking.protocol import StudyStatus
from orchestration.workspace import MANIFEST_FILE

logger = logging.getLogger(__name__)

_BATCH = 500
_LOOK_S = 0.25
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0


class MlflowTracker:
    """Writes one study to MLflow.

    directory: the study's; it holds the manifest, the ledger, details of trials, the memory of what is delivered, and
    (unless ``uri`` names another store) ``mlflow.db`` and MLflow's artifacts. checkpoints: whose confirm trials' states
    become artifacts. patience_s: how long ``close`` waits for a store that is slow (the first start of SQLite makes
    forty tables); one that is away, and an interrupted study, get ``impatience_s`` without progress. min_batch_s: how
    long events are gathered: a trial that begins and ends meanwhile is written at once, and not in pieces.
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
        self._ledger = ledger
        self._study = study
        self._directory = directory.absolute()
        self._uri = store_of(self._directory, uri)
        self._is_own = uri is None
        self._details = self._directory / "artifacts"
        self._artifacts = self._details if self._is_own else None
        self._checkpoints = checkpoints
        self._patience_s = patience_s
        self._impatience_s = impatience_s
        self._min_batch_s = min_batch_s
        self._target = without_credentials(self._uri)
        self._position = load_position(self._directory, self._target, ledger.length)
        self._certain_from = self._end_of_batch()
        self._delivery: Delivery | None = None
        self._has_news = threading.Event()
        self._ends = threading.Event()
        self._status: StudyStatus | None = None
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._work, name="mlflow-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._has_news.set()

    def close(self, status: StudyStatus) -> str | None:
        self._status = status
        self._ends.set()
        self._has_news.set()
        offset, moved_at = self._position.offset, time.monotonic()
        while self._thread.is_alive():
            self._thread.join(_LOOK_S)
            if self._position.offset != offset:
                offset, moved_at = self._position.offset, time.monotonic()
            is_hopeful = status == "complete" and self._problem is None
            if time.monotonic() - moved_at > (self._patience_s if is_hopeful else self._impatience_s):
                break
        return self._describe_undelivered()

    def _work(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            is_last = self._status is not None
            try:
                self._deliver_all()
                if is_last and self._position.offset == self._ledger.length:
                    self._end_study()
                    self._problem = None
                    return
                self._problem, wait_s = None, _FIRST_WAIT_S
                self._has_news.wait()
                self._has_news.clear()
                self._ends.wait(self._min_batch_s)
            except Exception as error:
                # Whatever goes wrong here must not touch the study. It is tried again: servers come back.
                self._problem = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
                logger.info("MLflow is away, events wait in the ledger: %s", self._problem)
                self._certain_from = max(self._certain_from, self._end_of_batch())
                if self._delivery is not None:
                    self._delivery.certain_from = self._certain_from
                time.sleep(wait_s if self._status is None else _FIRST_WAIT_S)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _deliver_all(self) -> None:
        if self._delivery is None:
            if self._is_own:
                make_own_store(self._directory)
            client = connect(self._uri)
            self._delivery = Delivery(
                client,
                self._study,
                self._artifacts,
                self._checkpoints,
                self._details,
                self._directory / MANIFEST_FILE,
                self._position,
                self._certain_from,
            )
        while batch := self._next_batch():
            self._delivery.deliver(batch)
            self._remember(self._delivery.position_at(batch[-1][1]))

    def _next_batch(self) -> list[tuple[Event, int]]:
        start, end = self._position.offset, self._ledger.length
        return list(itertools.islice(read_events(self._ledger.path, start, end), _BATCH)) if end > start else []

    def _end_of_batch(self) -> int:
        """Where the part of the ledger ends that may have been sent without being remembered: one batch at most.

        A position is on disk before the next batch is sent. Where none is remembered, everything may have been sent.
        """
        if self._position.offset == 0:
            return self._ledger.length
        batch = self._next_batch()
        return batch[-1][1] if batch else self._position.offset

    def _end_study(self) -> None:
        if self._delivery is not None:
            status = "FINISHED" if self._status == "complete" else "KILLED"
            taken = SessionTime()
            for line, _ in read_lines(self._ledger.path, stop=self._ledger.length):
                # As the report counts, without decoding what the ledger holds.
                if line.kind in REPORT_KINDS:
                    taken.see(line)
            self._delivery.end_study(status, time.time_ns() // 1_000_000, taken.used_ms() / 1000)

    def _remember(self, position: Position) -> None:
        save_position(self._directory, self._target, position)
        self._position = position

    def _describe_undelivered(self) -> str | None:
        refused = self._delivery.num_refused if self._delivery is not None else 0
        num = sum(1 for _ in read_events(self._ledger.path, self._position.offset, self._ledger.length))
        if num:
            reason = f" ({without_credentials(self._problem)})" if self._problem else ""
            return (
                f"tracking: {num} events are not yet in MLflow at {self._target}{reason}; "
                "the ledger keeps them, run the same command again to deliver them"
            )
        if refused:
            return f"tracking: MLflow at {self._target} refused {refused} events as invalid; the ledger has them"
        return None
