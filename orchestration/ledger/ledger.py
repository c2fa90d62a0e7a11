"""The ledger: the truth about a study, append-only, one checksummed line per event.

Only the driver writes it. A lock, held by the operating system for the life of the process, keeps a second driver out;
it does not survive a crash. Every line reaches the operating system before ``append`` returns, so a killed driver
loses nothing; an ending also reaches the disk, so that a power cut does not lose a finished trial.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from orchestration.ledger.damage import describe_missing
from orchestration.ledger.errors import require_plain
from orchestration.ledger.events import Event, EventKind, encode_event
from orchestration.ledger.file_names import LEDGER_FILE, LOCK_FILE
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.lock import take_lock
from orchestration.process.atomic_files import make_folder, sync

logger = logging.getLogger(__name__)


class Ledger:
    """The ledger of the study in ``directory``, open for appending; use it as a context manager.

    ``notices`` says what is not there any more: a torn last line, lines that were deleted. Raises LedgerLocked,
    LedgerDamaged, LedgerForeign, OSError for a directory that cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        make_folder(directory)
        self.path = directory / LEDGER_FILE
        self.notices: list[str] = []
        for path in (self.path, directory / LOCK_FILE):
            require_plain(path)
        self._lock = take_lock(directory)
        try:
            self._seq, self._length = self._check()
            self._file = self.path.open("ab")
            if self.path.stat().st_size > self._length:
                # Only then: cut to the length that it has, a file counts as changed, and its report as out of date.
                self._file.truncate(self._length)
            # What goes on from here builds on what is there, and on what was cut off being gone.
            os.fsync(self._file.fileno())
            sync(directory)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def length(self) -> int:
        """Bytes written so far: where the next event will begin."""
        return self._length

    def append(self, kind: EventKind, data: Mapping[str, Any], durable: bool = False) -> Event:
        """Write one event and return it.

        Args:
            kind: what happened.
            data: JSON content.
            durable: wait until the event and everything before it is on disk.

        Raises:
            OSError: full disk, read-only directory; the ledger then ends where it ended before.
        """
        event = Event(self._seq + 1, time.time_ns() // 1_000_000, kind, data)
        line = encode_event(event)
        try:
            if durable:
                # First what is before it: where an ending is, nothing before it can be missing.
                os.fsync(self._file.fileno())
            self._file.write(line)
            self._file.flush()
            if durable:
                os.fsync(self._file.fileno())
        except OSError:
            self._forget_partial_line()
            raise
        self._seq, self._length = event.seq, self._length + len(line)
        return event

    def events(self) -> Iterator[Event]:
        """All events so far, in order."""
        return (event for event, _ in read_events(self.path, stop=self._length))

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._file.close()
        self._lock.close()

    def _check(self) -> tuple[int, int]:
        """Last sequence number and length of the sound part; notes what is missing."""
        seq, length, missing = 0, 0, 0
        if not self.path.exists():
            return seq, length
        for event, end in read_events(self.path):
            missing += event.seq - seq - 1
            seq, length = event.seq, end
        if missing:
            self.notices.append(f"{self.path}: {describe_missing(missing)}")
        torn = self.path.stat().st_size - length
        if torn:
            self.notices.append(f"{self.path}: the end was cut off ({torn} bytes; its writer died) and is dropped")
        for notice in self.notices:
            logger.warning(notice)
        return seq, length

    def _forget_partial_line(self) -> None:
        # The buffered writer keeps what it could not write; only a fresh file object forgets it.
        try:
            os.ftruncate(self._file.fileno(), self._length)
        finally:
            descriptor = os.dup(self._file.fileno())
            try:
                self._file.close()
            except OSError:
                logger.debug("the rest of a line that did not fit is dropped with its buffer")
            self._file = os.fdopen(descriptor, "ab")
            os.ftruncate(descriptor, self._length)
