"""Limits of a study: wall time, a date, GPU-hours, a number of trials.

Everything is counted from the ledger, so that what earlier sessions used counts and the time between them does not: a
session lasts from its ``start`` event to its last event, an attempt at a trial from its own to the trial's end or to
the end of its session.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestration.ledger.events import Event
from orchestration.ledger.session_time import SessionTime
from reports.text.durations import exact_duration_text
from search_spaces.schema.durations import parse_date, parse_duration
from search_spaces.schema.schema import SearchSpace

Clock = Callable[[], int]
"""Milliseconds since 1970."""


def wall_clock() -> int:
    """The clock of the ledger."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class StudyLimits:
    """Limits of a study, counted over all its sessions; None: no such limit.

    ``StudyLimits(wall_s=7200)``: running trials stop after two hours of all sessions together.

    Attributes:
        wall_s: seconds of all sessions together.
        until_ms: a date, in milliseconds since 1970.
        gpu_hours: hours times GPUs that trials hold.
        gpus: GPUs that one trial holds.
        trials: trials that may start.
    """

    wall_s: float | None = None
    until_ms: int | None = None
    gpu_hours: float | None = None
    gpus: float = 0.0
    trials: int | None = None


NO_LIMITS = StudyLimits()


def limits_of(space: SearchSpace) -> StudyLimits:
    """The limits of a checked space."""
    limits, resources = space.limits, space.resources
    return StudyLimits(
        wall_s=None if limits.wall_time is None else parse_duration(limits.wall_time),
        until_ms=None if limits.until is None else int(parse_date(limits.until).timestamp() * 1000),
        gpu_hours=limits.gpu_hours,
        gpus=resources.gpu * resources.num_workers,
        trials=limits.trials,
    )


class LimitWatch:
    """Counts what a study has used from its events, and says when a limit is reached."""

    def __init__(self, limits: StudyLimits, clock: Clock = wall_clock) -> None:
        self._limits = limits
        self._clock = clock
        self._started: set[str] = set()
        self._time = SessionTime()
        self._held_ms = 0
        self._attempts: dict[str, int] = {}

    def see(self, event: Event) -> None:
        """Take in the next event of the ledger."""
        if event.kind == "start":
            self._end_session()
        self._time.see(event)
        if event.kind == "attempt":
            self._started.add(event.trial_id)
            self._end_attempt(event.trial_id, event.at_ms)
            self._attempts[event.trial_id] = event.at_ms
        elif event.kind == "tell":
            self._end_attempt(event.trial_id, event.at_ms)

    @property
    def reached(self) -> str | None:
        """The limit that is reached now, in words; None while there is none."""
        limits = self._limits
        if limits.until_ms is not None and self._clock() >= limits.until_ms:
            return f"until {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(limits.until_ms / 1000))}"
        if self.is_out_of_time:
            return f"wall_time of {exact_duration_text(limits.wall_s or 0)}"
        if limits.trials is not None and len(self._started) >= limits.trials:
            return f"trials, {limits.trials} of them"
        if limits.gpu_hours is not None and self._gpu_hours() >= limits.gpu_hours:
            return f"gpu_hours, {limits.gpu_hours:g} of them"
        return None

    @property
    def is_out_of_time(self) -> bool:
        """Whether also trials that run must stop now."""
        left_s = self.seconds_left
        return left_s is not None and left_s <= 0

    @property
    def seconds_left(self) -> float | None:
        """Until the study must stop; None if time does not limit it."""
        now = self._clock()
        left = []
        if self._limits.wall_s is not None:
            left.append(self._limits.wall_s - self._time.used_ms(now) / 1000)
        if self._limits.until_ms is not None:
            left.append((self._limits.until_ms - now) / 1000)
        return min(left, default=None)

    def _gpu_hours(self) -> float:
        now = self._clock()
        held_ms = self._held_ms + sum(now - began for began in self._attempts.values())
        return held_ms / 3_600_000 * self._limits.gpus

    def _end_session(self) -> None:
        last = self._time.last_ms
        if last is not None:
            for trial_id in list(self._attempts):
                self._end_attempt(trial_id, last)

    def _end_attempt(self, trial_id: str, at_ms: int) -> None:
        began = self._attempts.pop(trial_id, None)
        if began is not None:
            self._held_ms += at_ms - began
