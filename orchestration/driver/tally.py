"""Counts of a running study, from its events: what every kind of progress display shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean

from orchestration.ledger.events import Event
from orchestration.search.objective import Objective
from reports.records.run_record import RunRecord
from reports.records.serialise import record_from_json


@dataclass
class ArmTally:
    """The trials of one arm.

    Attributes:
        running: given out and not ended.
        completed: trained to their end, reused ones included.
        pruned: stopped early.
        failed: ended without a result.
        reused: completed in another study.
        best: (repeat, fold) -> the best objective of a completed trial on validation there. Folds differ in difficulty,
            so values of different ones are not compared.
    """

    running: int = 0
    completed: int = 0
    pruned: int = 0
    failed: int = 0
    reused: int = 0
    best: dict[tuple[int, int | None], float] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """Trials that have ended, however."""
        return self.completed + self.pruned + self.failed

    def best_mean(self, num_folds: int) -> float | None:
        """The mean of the best values over all ``num_folds`` folds; None until every fold has one."""
        return fmean(self.best.values()) if self.best and len(self.best) >= num_folds else None


@dataclass
class StudyTally:
    """The counts of a study.

    Attributes:
        num_planned: trials that there will be at most.
        objective: what ``ArmTally.best`` is of.
        clock: seconds that never run backwards; this session begins now.
        arms: by name, in the order in which they appear.
        num_folds: of all repeats; 1 on an official split.
        reusable: ids of trials that have not ended and whose results other studies have.
    """

    num_planned: int
    objective: Objective
    clock: Callable[[], float] = time.monotonic
    arms: dict[str, ArmTally] = field(default_factory=dict)
    num_folds: int = 1
    reusable: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._began = self.clock()
        self._arm_of: dict[str, str] = {}
        self._started: set[str] = set()
        self._num_run_here = 0
        self._first_at: float | None = None

    @property
    def num_ended(self) -> int:
        """Trials of the study that have ended, earlier sessions included."""
        return sum(arm.ended for arm in self.arms.values())

    @property
    def num_left(self) -> int:
        """Trials that are left to run, as far as is known."""
        return max(self.num_planned - self.num_ended - len(self.reusable), 0)

    @property
    def elapsed_s(self) -> float:
        """Seconds of this session."""
        return self.clock() - self._began

    @property
    def left_s(self) -> float | None:
        """Seconds until every trial that is left has ended, at the pace since the first one; None without a pace.

        An upper bound where trials may be left out (a race, a search space that is used up).
        """
        if self._num_run_here == 0 or self._first_at is None:
            return None
        return (self.clock() - self._first_at) / self._num_run_here * self.num_left

    def recall(self, event: Event) -> RunRecord | None:
        """Take in an event of an earlier session, and return the record of the trial that it ends, if it does.

        A trial that has not ended there may go on here.
        """
        if event.kind == "ask":
            self._arm_of[event.trial_id] = str(event.data["trial"]["arm"])
        if event.kind != "tell":
            return None
        self._arm_of.pop(event.trial_id, None)
        record = record_from_json(event.data["record"])
        self._end(record)
        return record

    def see(self, event: Event) -> RunRecord | None:
        """Take in a new event; the record of the trial that it ends, if it does."""
        if event.kind == "ask":
            self._arm_of[event.trial_id] = str(event.data["trial"]["arm"])
        elif event.kind == "attempt" and event.trial_id not in self._started:
            self._started.add(event.trial_id)
            self._first_at = self.clock() if self._first_at is None else self._first_at
            if event.trial_id in self._arm_of:
                self._arm(self._arm_of[event.trial_id]).running += 1
        elif event.kind == "tell":
            return self._see_end(event)
        return None

    def _see_end(self, event: Event) -> RunRecord:
        record = record_from_json(event.data["record"])
        if event.trial_id in self._started:
            self._started.discard(event.trial_id)
            self._num_run_here += 1
            if event.trial_id in self._arm_of:
                self._arm(record.arm).running -= 1
        self._arm_of.pop(event.trial_id, None)
        self._end(record)
        return record

    def _end(self, record: RunRecord) -> None:
        self.reusable.discard(record.trial_id)
        arm = self._arm(record.arm)
        if record.status == "completed":
            arm.completed += 1
        elif record.status == "pruned":
            arm.pruned += 1
        else:
            arm.failed += 1
        if record.reused_from is not None:
            arm.reused += 1
        value = self.objective.of_record(record) if record.status == "completed" else None
        fold, rank = (record.repeat, record.fold), self.objective.rank
        if value is not None and rank(value) <= rank(arm.best.get(fold, value)):
            arm.best[fold] = value

    def _arm(self, name: str) -> ArmTally:
        return self.arms.setdefault(name, ArmTally())
