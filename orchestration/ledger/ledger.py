"""The ledger: the truth about a study, append-only, one checksummed line per event.

Only the driver writes it. A lock, held by the operating system for the life of the process, keeps a second driver out;
it does not survive a crash. Every line reaches the operating system before ``append`` returns, so a killed driver
loses nothing; an ending also reaches the disk, so that a power cut does not lose a finished trial.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from orchestration.ledger.damage import describe_damage, describe_missing, has_hole
from orchestration.ledger.events import CheckedLine, Event, EventKind, check_line, encode_event
from orchestration.process.atomic_files import make_folder, sync
from orchestration.process.file_lock import lock
from orchestration.process.redaction import one_line

LEDGER_FILE = "ledger.jsonl"
LOCK_FILE = "ledger.lock"
DURABLE = ("tell", "limit")
"""Events that are on disk before they count, and everything before them."""
MOST_LINE_BYTES = 1 << 26
"""No line is that long: predictions of 100,000 items take 5 MB."""

logger = logging.getLogger(__name__)


class LedgerError(Exception):
    """Base of what can be wrong with a study's ledger; each message is one line for the user."""


class LedgerDamaged(LedgerError):
    """A line before the last one is not what was written."""


class LedgerForeign(LedgerError):
    """A sound line holds what this version of the program does not write."""


class LedgerLocked(LedgerError):
    """Another driver works on this study."""


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
        self._lock = _take_lock(directory)
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


def read_events(
    path: Path, start: int = 0, stop: int | None = None, kinds: Collection[EventKind] = ()
) -> Iterator[tuple[Event, int]]:
    """The events of a ledger file, each with the byte offset where it ends.

    Args:
        path: the file.
        start: byte to begin at, the start of a line.
        stop: byte to end at; None: the end of the file.
        kinds: only events of these kinds; empty: all. Lines of other events are checked all the same, but not decoded,
            which takes most of the time.

    Raises:
        LedgerDamaged: as :func:`read_lines`.
        LedgerForeign: as :func:`read_lines`, and for a line that holds no event.
    """
    for line, offset in read_lines(path, start, stop):
        if not kinds or line.kind in kinds:
            yield _decode(line, path), offset


def read_lines(path: Path, start: int = 0, stop: int | None = None) -> Iterator[tuple[CheckedLine, int]]:
    """The lines of a ledger file, each with the byte offset where it ends.

    A damaged or incomplete last line is left out, and so is all that follows a hole (zeros, where a power cut took what
    the disk did not have) unless the end of a trial follows it: with that, all before it was on disk.

    Args:
        path: the file.
        start: byte to begin at, the start of a line.
        stop: byte to end at; None: the end of the file.

    Raises:
        LedgerDamaged: for a damaged line that none of the above explains.
        LedgerForeign: for a line without an end.
    """
    with path.open("rb") as file:
        file.seek(start)
        offset, number, last_seq = start, 0, 0
        while (stop is None or offset < stop) and (line := file.readline(MOST_LINE_BYTES)):
            number += 1
            if len(line) == MOST_LINE_BYTES:
                raise LedgerForeign(f"{path}, line {number}: has no end; restore the file, or start again with --fresh")
            if not line.endswith(b"\n"):
                # The end of the file when it was read; by now its writer may have gone on.
                return
            checked = check_line(line)
            if checked is None:
                if _is_last(file) or (has_hole(line) and not _has_ending(file)):
                    return
                raise LedgerDamaged(describe_damage(path, number, line, start))
            if last_seq and checked.seq <= last_seq:
                raise LedgerDamaged(
                    f"{path}, line {number}: event {checked.seq} follows event {last_seq}; numbers must rise. "
                    "Two ledgers were joined; restore the file from a backup or start again with --fresh"
                )
            last_seq = checked.seq
            offset += len(line)
            yield checked, offset


def _decode(line: CheckedLine, path: Path) -> Event:
    try:
        event = line.decode()
        if not event.is_addressed:
            raise ValueError("it names no trial")
        return event
    except ValueError as error:
        raise LedgerForeign(
            f"{path}, event {line.seq}: not what this version writes ({error}); "
            "restore the file, or start again with --fresh"
        ) from error


@contextlib.contextmanager
def wrap_format_errors(path: Path) -> Iterator[None]:
    """Convert errors from events with unexpected content into LedgerForeign.

    A valid checksum does not prove that this program wrote the line.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = one_line(f"{type(error).__name__}: {error}", 500)
        raise LedgerForeign(
            f"{path}: not what this version writes ({what}); use the version that ran the study, restore the file, or "
            "start again with --fresh"
        ) from error


def require_plain(path: Path) -> None:
    """Raise LedgerForeign for a pipe, a device or a directory: reading some of them never ends."""
    if path.exists() and not path.is_file():
        raise LedgerForeign(f"{path}: is no plain file; restore it, or start again with --fresh")


def count_torn_bytes(path: Path) -> int:
    """How many bytes at the end of a ledger file are no whole line; its writer died, or is writing now."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        tail = b""
        # Lines can be long (predictions), so the search for the last one goes back in growing steps.
        while len(tail) < size and tail.rstrip(b"\n").count(b"\n") == 0:
            start = max(0, size - max(2 * len(tail), 1 << 16))
            file.seek(start)
            tail = file.read()
    last = tail.removesuffix(b"\n").rpartition(b"\n")[2]
    if not tail.endswith(b"\n"):
        return len(last)
    return 0 if check_line(last) is not None else len(last) + 1


def _has_ending(file: BinaryIO) -> bool:
    position = file.tell()
    later = (check_line(line) for line in iter(lambda: file.readline(MOST_LINE_BYTES), b""))
    found = any(line is not None and line.kind in DURABLE for line in later)
    file.seek(position)
    return found


def _is_last(file: BinaryIO) -> bool:
    position = file.tell()
    is_last = not file.read(1)
    file.seek(position)
    return is_last


def lock_refusal(directory: Path, file: BinaryIO, error: OSError) -> LedgerError:
    """In words why a file could not be locked: it names who holds the lock.

    Args:
        directory: that the lock is for.
        file: the lock file, open for reading.
        error: of the attempt.
    """
    if not isinstance(error, BlockingIOError):
        why = f"its file system keeps no locks ({error.strerror}), so nothing would stop a second driver"
        return LedgerError(f"{directory}: {why}; choose a place on another one with --out")
    file.seek(0)
    owner = file.read().decode(errors="replace").strip() or "unknown"
    what = f"another driver (process {owner}) works on this study; wait for it, or end that process"
    return LedgerLocked(f"{directory}: {what}")


def _take_lock(directory: Path) -> BinaryIO:
    file = (directory / LOCK_FILE).open("a+b")
    try:
        lock(file, wait=False)
    except OSError as error:
        refusal = lock_refusal(directory, file, error)
        file.close()
        raise refusal from None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
    return file
