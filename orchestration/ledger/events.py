"""Events of a study: what the ledger holds, one per line, each with a checksum over all the rest of the line.

Kinds: ``start`` (a driver begins or continues), ``ask`` (a trial is planned), ``attempt`` (it starts or restarts on a
worker), ``report`` (one epoch ended), ``tell`` (the trial ended; durable before it counts), ``limit`` (the session ends
at a limit of the study).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

EventKind = Literal["start", "ask", "attempt", "report", "tell", "limit"]
_OF_STUDY = ("start", "limit")
KINDS: tuple[str, ...] = get_args(EventKind)

_CHECK = b',"check":"'
_HEAD = re.compile(rb'\{"seq":(?P<seq>\d{1,18}),"at":(?P<at>\d{1,18}),"kind":"(?P<kind>\w+)"')

_HALF_PAIR = b"\\ud"
"""How JSON begins half a pair of UTF-16, which is no text and in no line written here; a path may have it, too."""

_TRIAL_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


@dataclass(frozen=True)
class Event:
    """One line of the ledger.

    Attributes:
        seq: number of the event, from 1.
        at_ms: wall clock, milliseconds since 1970.
        kind: what happened.
        data: JSON content; an event about a trial has ``trial_id``.
    """

    seq: int
    at_ms: int
    kind: EventKind
    data: Mapping[str, Any]

    @property
    def is_of_study(self) -> bool:
        """Whether the event is about the study as a whole and not about a trial."""
        return self.kind in _OF_STUDY

    @property
    def is_addressed(self) -> bool:
        """Whether the event is about the study, or names a trial by an id that can be a file's name."""
        if self.is_of_study:
            return True
        named = self.data.get("trial_id") if isinstance(self.data, dict) else None
        return isinstance(named, str) and _TRIAL_ID.fullmatch(named) is not None

    @property
    def trial_id(self) -> str:
        """The trial that this event is about. Raises KeyError for one about the study."""
        return str(self.data["trial_id"])


def encode_event(event: Event) -> bytes:
    """The line of ``event``, newline included. Raises ValueError for NaN or infinity, which JSON does not have."""
    content = {"seq": event.seq, "at": event.at_ms, "kind": event.kind, "data": event.data}
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return body[:-1] + _CHECK + f"{zlib.crc32(body):08x}".encode() + b'"}\n'


@dataclass(frozen=True)
class CheckedLine:
    """A line whose checksum matches, with the parts of its event that need no decoding.

    Attributes:
        seq: number of the event, from 1.
        at_ms: wall clock, milliseconds since 1970.
        kind: what happened.
        body: the event as JSON.
    """

    seq: int
    at_ms: int
    kind: str
    body: bytes

    def decode(self) -> Event:
        """The event that the line holds. Raises ValueError if it is none: a checksum is no proof of who wrote it."""
        try:
            content = json.loads(self.body)
            if _HALF_PAIR in self.body.lower():
                json.dumps(content, ensure_ascii=False).encode()
            return Event(content["seq"], content["at"], content["kind"], content["data"])
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"{type(error).__name__}: {str(error)[:100]}") from error


def check_line(line: bytes) -> CheckedLine | None:
    """A line (with or without its newline) checked; None if it is not exactly what was written."""
    stripped = line.removesuffix(b"\n")
    cut = stripped.rfind(_CHECK)
    if cut < 0:
        return None
    body = stripped[:cut] + b"}"
    head = _HEAD.match(body)
    if head is None or stripped[cut:] != _CHECK + f"{zlib.crc32(body):08x}".encode() + b'"}':
        return None
    kind = head["kind"].decode()
    return CheckedLine(int(head["seq"]), int(head["at"]), kind, body) if kind in KINDS else None
