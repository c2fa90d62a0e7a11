"""What a ledger says about the trials of a study: a fold over its events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.ledger.events import Event, EventKind
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.trial_json import trial_from_json
from reports.records.json_values import numbers_from_json
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json
from search_spaces.terms.trial import Trial

_LEDGER_ID = re.compile(r"[0-9a-f]{16}")
_STARTS: tuple[EventKind, ...] = ("start",)


@dataclass(frozen=True)
class ReportedEpoch:
    """One epoch as first reported.

    Attributes:
        epoch: from 1.
        metrics: name with its part (``valid/mae``) -> value.
        duration_s: seconds of training.
        at_ms: when it was reported, milliseconds since 1970.
    """

    epoch: int
    metrics: Mapping[str, float]
    duration_s: float
    at_ms: int


@dataclass
class TrialState:
    """One trial so far.

    Attributes:
        trial: as it was asked for.
        number: how many trials were asked for before it.
        attempts: how often it was started on a worker.
        epochs: epoch -> report.
    """

    trial: Trial
    number: int = 0
    attempts: int = 0
    epochs: dict[int, ReportedEpoch] = field(default_factory=dict)


@dataclass
class LedgerState:
    """All trials of a study.

    Attributes:
        keeps_records: whether ``ended`` keeps the records; a driver that has no use for them keeps the ids only.
        num_asked: trials that were asked for.
        num_orphans: events about trials whose ask is not in the ledger (its line was deleted); they are left out.
        limit: the limit at which the last session ended, in words; None if it ended for another reason, or goes on.
        ledger_id: see :func:`read_ledger_id`; None before the first event.
        running: by id, trials that were asked for and have not ended, in the order of asking.
        ended: trial id -> stored record of every trial that has ended, in the order of ending.
    """

    keeps_records: bool = True
    num_asked: int = 0
    num_orphans: int = 0
    limit: str | None = None
    ledger_id: str | None = None
    running: dict[str, TrialState] = field(default_factory=dict)
    ended: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def apply(self, event: Event) -> bool:
        """Take in one event. True if it says something new (an epoch repeated after a retry does not)."""
        if event.is_of_study:
            self.limit = str(event.data["limit"]) if event.kind == "limit" else None
            self.ledger_id = self.ledger_id or _ledger_id_in(event)
            return True
        if event.kind == "ask":
            return self._apply_ask(event)
        state = self.running.get(event.trial_id)
        if state is None:
            if event.trial_id not in self.ended:
                self.num_orphans += 1
            return False
        if event.kind == "attempt":
            state.attempts += 1
            return True
        if event.kind == "report":
            return _apply_report(state, event)
        del self.running[event.trial_id]
        self.ended[event.trial_id] = numbered_record(state, event) if self.keeps_records else {}
        return True

    def apply_and_read(self, event: Event) -> RunRecord | None:
        """Take in one event; the record of the trial that it ends, if it ends one. The state need not keep it then."""
        ended = None if event.is_of_study else self.running.get(event.trial_id)
        if self.apply(event) and event.kind == "tell" and ended is not None:
            return record_from_json(numbered_record(ended, event))
        return None

    def records(self) -> tuple[RunRecord, ...]:
        """The records of all trials that have ended, in the order of ending."""
        return tuple(record_from_json(payload) for payload in self.ended.values())

    def _apply_ask(self, event: Event) -> bool:
        if event.trial_id in self.running or event.trial_id in self.ended:
            return False
        self.running[event.trial_id] = TrialState(trial_from_json(event.data["trial"]), self.num_asked)
        self.num_asked += 1
        return True


def numbered_record(state: TrialState, tell: Event) -> Mapping[str, Any]:
    """The stored record of a trial that ends with ``tell``; ledgers of earlier versions have records without number."""
    return {"number": state.number, **tell.data["record"]}


REPORT_KINDS: tuple[EventKind, ...] = ("start", "ask", "tell", "limit")
"""What :meth:`LedgerState.records` and :attr:`LedgerState.limit` need of a ledger."""


def read_ledger_id(path: Path) -> str | None:
    """What tells a ledger from all others, whatever their studies are called: drawn at random when it was begun, and
    the same in its copies. None for one that has no event yet.

    Raises what :func:`read_events` raises.
    """
    if not path.exists():
        return None
    starts = (event for event, _ in read_events(path, kinds=_STARTS))
    return next((found for event in starts if (found := _ledger_id_in(event)) is not None), None)


def _ledger_id_in(event: Event) -> str | None:
    found = event.data.get("ledger") if event.kind == "start" else None
    return found if isinstance(found, str) and _LEDGER_ID.fullmatch(found) else None


def fold_events(events: Iterable[Event]) -> LedgerState:
    """The state that ``events`` lead to: equal events, equal state."""
    state = LedgerState()
    for event in events:
        state.apply(event)
    return state


def _apply_report(state: TrialState, event: Event) -> bool:
    epoch = int(event.data["epoch"])
    if epoch in state.epochs:
        return False
    metrics = numbers_from_json(event.data["metrics"])
    state.epochs[epoch] = ReportedEpoch(epoch, metrics, float(event.data["duration_s"]), event.at_ms)
    return True
