"""Messages about a damaged ledger: what is wrong, and what it costs to go on without it."""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.ledger.events import KINDS

_COST = {
    "ask": "what else the ledger says of this trial does not count without it, and the trial runs again from its start",
    "report": "this epoch is missing in the curve of its trial",
    "tell": "the trial runs again from its checkpoint, or from its start",
}
_NO_COST = "no trial loses anything"


def has_hole(line: bytes) -> bool:
    """Whether zeros stand where a power cut took what the disk did not have yet, and nothing else is wrong: JSON holds
    no control character, so another one was written by somebody else."""
    rest = line.replace(b"\0", b"").removesuffix(b"\n")
    return b"\0" in line and min(rest, default=0x20) >= 0x20


def describe_missing(number: int) -> str:
    """In words, that ``number`` events before the last one are not there: their lines were deleted."""
    lines = "1 line is" if number == 1 else f"{number} lines are"
    return (
        f"{lines} missing, deleted since they were written; a trial whose ask or end was there runs again, an epoch "
        "there is missing"
    )


def describe_damage(path: Path, number: int, line: bytes, start: int) -> str:
    """In words, that a line is not what was written.

    Args:
        path: of the file.
        number: of the line, counted from byte ``start``.
        line: its bytes.
        start: where in the file the reader began; 0: at its first line.
    """
    found = re.search(rb'"kind":"(\w+)"', line)
    trial = re.search(rb'"trial_id":"(\w+)"', line)
    kind = found.group(1).decode() if found and found.group(1).decode() in KINDS else None
    what = f"the {kind!r} event" if kind else "an event"
    whose = f" of trial {trial.group(1).decode()}" if trial else ""
    where = f"line {number}" if start == 0 else f"line {number} after byte {start}"
    cost = _COST.get(kind, _NO_COST) if kind else "at most one trial runs again, or one epoch is missing"
    return (
        f"{path}, {where}: the line does not match its checksum. It held {what}{whose}. "
        f"Restore the file from a backup, or delete this line: {cost}. All other trials stay as they are"
    )
