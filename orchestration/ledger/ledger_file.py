"""The file of a ledger, read line by line: without its lock, also while a driver writes it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from orchestration.ledger.damage import describe_damage, has_hole
from orchestration.ledger.errors import LedgerDamaged, LedgerForeign
from orchestration.ledger.events import CheckedLine, Event, EventKind, check_line

DURABLE = ("tell", "limit")
"""Events that are on disk before they count, and everything before them."""
MOST_LINE_BYTES = 1 << 26
"""No line is that long: predictions of 100,000 items take 5 MB."""


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
