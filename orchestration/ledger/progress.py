"""How far a study is, read from its ledger without its lock: while a driver writes it, and of a damaged one as far as
it is sound."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.ledger.errors import LedgerError, require_plain
from orchestration.ledger.events import CheckedLine, Event, EventKind
from orchestration.ledger.ledger_file import read_events, read_lines

_TRIAL = re.compile(rb'"trial_id":"([^"\\]+)"')
_STATUS = re.compile(rb'"status":"(completed|pruned|failed)"')
_REUSED = b'"reused_from":"'
"""Of a trial that ran in its own study there is a null; inside a text the quotes have backslashes."""


@dataclass
class StudyProgress:
    """Counts over all sessions of a study, and of the latest one what its pace can be told from.

    Attributes:
        ended: status -> trials that have ended.
        running: ids of the trials that were asked for and have not ended; they run now if a driver works on the study.
        num_planned: trials that there will be at most, as the latest session knew; None in older ledgers, or where it
            ran some arms only.
        session: what the latest session said of itself (``pid``, ``host``); empty in older ledgers.
        limit: at which it ended, in words; None if it did not.
        last_ms: when the latest event was, milliseconds since 1970; None before any.
        first_attempt_ms: when the first trial of the latest session began to train; None before any.
        num_ended_here: trials that trained in the latest session and ended.
        num_reused_here: trials that ended in it with the results of another study.
        size: bytes of the ledger that were read.
        problem: why the rest could not be read, one line; None if there is no rest.
    """

    ended: dict[str, int] = field(default_factory=lambda: {"completed": 0, "pruned": 0, "failed": 0})
    running: dict[str, None] = field(default_factory=dict)
    num_planned: int | None = None
    session: Mapping[str, Any] = field(default_factory=dict)
    limit: str | None = None
    last_ms: int | None = None
    first_attempt_ms: int | None = None
    num_ended_here: int = 0
    num_reused_here: int = 0
    size: int = 0
    problem: str | None = None

    def __post_init__(self) -> None:
        self._started_here: set[str] = set()
        self._told: set[str] = set()

    @property
    def num_ended(self) -> int:
        """Trials that have ended, however."""
        return sum(self.ended.values())

    def left_s(self, num_planned: int, now_ms: int) -> float | None:
        """Seconds until so many trials have ended, at the pace of the latest session up to ``now_ms``.

        What that session knew to be reusable from other studies takes none.
        """
        if self.first_attempt_ms is None or self.num_ended_here == 0:
            return None
        pace_s = (now_ms - self.first_attempt_ms) / 1000 / self.num_ended_here
        known = self.session.get("num_reusable")
        reusable = max(known - self.num_reused_here, 0) if isinstance(known, int) else 0
        return pace_s * max(num_planned - self.num_ended - reusable, 0)

    def see(self, line: CheckedLine) -> None:
        """Take in the next line. Only what is needed of it is decoded: predictions would take most of the time."""
        self.last_ms = line.at_ms
        if line.kind == "start":
            self._begin_session(line.decode())
        elif line.kind == "limit":
            self.limit = str(line.decode().data.get("limit"))
        elif line.kind != "report" and (found := _TRIAL.search(line.body)) is not None:
            self._see_trial(line, found[1].decode())

    def _begin_session(self, event: Event) -> None:
        told = event.data.get("session")
        self.session = told if isinstance(told, dict) else {}
        planned = self.session.get("num_planned")
        self.num_planned = planned if isinstance(planned, int) else None
        self.limit, self.first_attempt_ms, self.num_ended_here, self.num_reused_here = None, None, 0, 0
        self._started_here.clear()

    def _see_trial(self, line: CheckedLine, trial: str) -> None:
        if line.kind == "ask" and trial not in self._told:
            self.running[trial] = None
        elif line.kind == "attempt":
            self._started_here.add(trial)
            self.first_attempt_ms = line.at_ms if self.first_attempt_ms is None else self.first_attempt_ms
        elif line.kind == "tell" and trial in self.running and (status := _STATUS.search(line.body)) is not None:
            del self.running[trial]
            self._told.add(trial)
            self.ended[status[1].decode()] += 1
            if trial in self._started_here:
                self.num_ended_here += 1
            if _REUSED in line.body:
                self.num_reused_here += 1


def read_progress(path: Path) -> StudyProgress:
    """How far the study with the ledger at ``path`` is; of a missing ledger, that nothing has begun.

    What cannot be read is told in :attr:`StudyProgress.problem`; nothing is raised for it, and nothing is locked.
    """
    progress = StudyProgress()
    try:
        require_plain(path)
        for line, end in read_lines(path):
            progress.see(line)
            progress.size = end
    except FileNotFoundError:
        pass
    except OSError as error:
        progress.problem = f"{path}: cannot be read ({error.strerror})"
    except LedgerError as error:
        progress.problem = str(error)
    except (ValueError, AttributeError) as error:
        progress.problem = f"{path}: not what this version writes ({error})"
    return progress


def sound_events(path: Path, kinds: Collection[EventKind]) -> Iterator[Event]:
    """The events of these kinds up to the first line that cannot be read, which :func:`read_progress` tells of."""
    events = read_events(path, kinds=kinds)
    while True:
        try:
            event, _ = next(events)
        except (StopIteration, LedgerError, OSError):
            return
        yield event
