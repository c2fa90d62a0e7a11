"""The driver of a study: what to run next, when to stop, what an end means. The same for every executor.

An event is in the ledger before it has any effect, and an ending is on disk before it counts. The life of a trial, who
calls what in which process::

    driver process                                                    worker process (inline: the same one)
    ------------------------------------------------------------      ---------------------------------------------
    Executor.run         -> Driver.next_trial                         TrialRunner.open, once: opens the data
      Driver             -> TrialSource.ask          ledger: ask
      Driver             -> FindResult               found: ledger: tell, the trial never runs
      Driver.on_attempt                              ledger: attempt
      Executor           -> starts an attempt -------------------->   RunTrial -> dmd.run_job: trains one epoch
      Executor           <- EpochReport <--------------------------   on_epoch
      Driver.on_epoch    -> StoppingRule.report      ledger: report
      Executor           -> goes on, or stops --------------------->  next epoch, from the checkpoint after a retry
      Executor           <- JobResult or error <-------------------   RunTrial returns or raises
      Driver.on_end      -> build_record             ledger: tell, on disk
      Driver             -> TrialSource.tell, StoppingRule.end
    A worker is lost: the executor calls on_attempt and starts again, or on_end with ending_of_lost_worker.
    The driver is killed: the next one replays the ledger through TrialSource.restore and tell, StoppingRule.report and
    end, and gives out the trials that ran before it asks for new ones.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dmd.job import EpochReport
from orchestration.driver.endings import Ending, build_record, ending_of_result
from orchestration.driver.limits import NO_LIMITS, LimitWatch, StudyLimits
from orchestration.driver.reusable_results import FindResult, ReusableResult, find_nothing
from orchestration.driver.trial_files import TrialFiles
from orchestration.external.external_trials import ExternalTrial
from orchestration.ledger.errors import wrap_format_errors
from orchestration.ledger.events import Event, EventKind
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.state import LedgerState
from orchestration.ledger.trial_json import trial_from_json, trial_to_json
from orchestration.search.objective import Objective
from orchestration.search.stopping.rule import Decision, NeverStop, StoppingRule
from orchestration.search.trial_source import TrialSource
from reports.records.json_values import numbers_from_json, numbers_to_json
from reports.records.run_record import RunRecord, Status
from reports.records.serialise import record_from_json, record_to_json
from search_spaces.terms.trial import Trial

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyPlan:
    """What a driver works through.

    Attributes:
        study: name of the study.
        source: gives the trials.
        stopping: decides after every epoch whether a trial goes on.
        objective: what the stopping rule looks at; None if nothing is searched.
        device: name for the records.
        workers: how many train a trial together.
        checkpoints: directory under which every trial has one for its training state; None: no state is kept.
        artifacts: directory for the per-item outputs and the weights of finished trials; None: they are dropped.
        keeps_weights: whether the weights of reused trials are copied to it, where they are at hand.
        limits: where the study ends although it could go on.
        provenance: JSON content of the ledger's ``start`` event.
        complete_failure: adds to the record of a failed trial how the training-median predictor scores in its place.
        external_trials: trials with predictions of other code, which no worker runs.
        find_result: finds the result of a trial in other studies.
        session: what ``dmd-search status`` shows of this session (``pid``, ``host``, ``num_planned``).
    """

    study: str
    source: TrialSource
    stopping: StoppingRule = field(default_factory=NeverStop)
    objective: Objective | None = None
    device: str = "cpu"
    workers: int = 1
    checkpoints: Path | None = None
    artifacts: Path | None = None
    keeps_weights: bool = False
    limits: StudyLimits = NO_LIMITS
    provenance: Mapping[str, Any] = field(default_factory=dict)
    complete_failure: Callable[[Trial, RunRecord], RunRecord] = lambda trial, record: record
    external_trials: tuple[ExternalTrial, ...] = ()
    find_result: FindResult = find_nothing
    session: Mapping[str, Any] = field(default_factory=dict)


class Driver:
    """Gives out trials and records what happens to them; only the thread that made it may call it.

    On construction it replays the ledger: the source learns of finished trials, the stopping rule of epochs, and
    trials that ran when an earlier session ended are given out again first.

    Args:
        plan: what to work through.
        ledger: of the study, open.
        on_event: called with every new event, after it is in the ledger.
    """

    def __init__(self, plan: StudyPlan, ledger: Ledger, on_event: Callable[[Event], None]) -> None:
        self._plan = plan
        self._ledger = ledger
        self._on_event = on_event
        self._state = LedgerState(keeps_records=False)
        self._files = TrialFiles(plan.checkpoints, plan.artifacts, plan.keeps_weights)
        self._watch = LimitWatch(plan.limits)
        self.num_ended: dict[Status, int] = {"completed": 0, "pruned": 0, "failed": 0}
        with wrap_format_errors(ledger.path):
            for event in ledger.events():
                self._replay(event)
        self._interrupted = deque(state.trial for state in self._state.running.values())
        ledger_id = self._state.ledger_id or secrets.token_hex(8)
        start = {"study": plan.study, "ledger": ledger_id, "provenance": dict(plan.provenance)}
        self._append("start", {**start, "session": dict(plan.session)})

    @property
    def num_running(self) -> int:
        """Trials that were given out and have not ended."""
        return len(self._state.running) - len(self._interrupted)

    @property
    def has_all_given_out(self) -> bool:
        """True if ``next_trial`` will never give a trial again."""
        if self.limit is not None:
            return self._watch.is_out_of_time or not self._interrupted
        return not self._interrupted and self._plan.source.is_exhausted

    @property
    def limit(self) -> str | None:
        """The limit at which this session ends, in words; None while there is none."""
        return self._state.limit

    @property
    def seconds_left(self) -> float | None:
        """Until the study must stop; None if time does not limit it."""
        return self._watch.seconds_left

    def check_limits(self) -> str | None:
        """:attr:`limit`, after a look at the clock. A limit once reached holds for the session."""
        reached = self._watch.reached if self.limit is None else None
        if reached is not None:
            self._append("limit", {"limit": reached}, durable=True)
        return self.limit

    @property
    def checkpoints(self) -> Path | None:
        """The directory under which every trial has one for its training state; None: no state is kept."""
        return self._plan.checkpoints

    def checkpoint_directory(self, trial: Trial) -> Path | None:
        """Where ``trial`` keeps its training state."""
        return self._files.checkpoint_directory(trial)

    def next_trial(self) -> Trial | None:
        """The next trial to start; None if there is none now, or ever (:attr:`has_all_given_out`)."""
        limit = self.check_limits()
        while (trial := self._next_planned(limit)) is not None:
            reusable = self._plan.find_result(trial)
            if reusable is None:
                self.on_attempt(trial)
                return trial
            self._reuse(trial, reusable)
        return None

    def _next_planned(self, limit: str | None) -> Trial | None:
        if self._interrupted and not self._watch.is_out_of_time:
            return self._interrupted.popleft()
        return self._ask() if limit is None else None

    def _reuse(self, trial: Trial, reusable: ReusableResult) -> None:
        """End ``trial`` with the result of another study; its curve is reported, and costs nothing here."""
        for point in reusable.record.epochs:
            self._record_epoch(trial, EpochReport(point.epoch, point.metrics, 0.0))
            value = self._objective_of(point.metrics)
            if value is not None:
                # The others are compared with it as they would be had it run here; itself it has run to its end.
                self._plan.stopping.report(trial, point.epoch, value)
        self._files.keep_reused(trial, reusable)
        record = replace(
            reusable.record,
            study=self._plan.study,
            trial_id=trial.id,
            arm=trial.arm,
            parameters=dict(trial.parameters),
            number=self._state.running[trial.id].number,
            reused_from=reusable.origin,
        )
        self._tell(trial, record)

    def score_external_trials(self) -> None:
        """Score every external trial that has no end in the ledger; call it before any trial is given out."""
        for external in self._plan.external_trials:
            trial = external.trial
            if trial.id in self._state.ended:
                continue
            if trial.id in self._state.running:
                self._interrupted.remove(trial)
            else:
                self._append("ask", {"trial_id": trial.id, "trial": trial_to_json(trial)})
            self.on_end(trial, ending_of_result(external.score()))

    def on_attempt(self, trial: Trial) -> None:
        """``trial`` starts on a worker; also called when it starts again after a worker was lost."""
        self._append("attempt", {"trial_id": trial.id})

    def on_epoch(self, trial: Trial, report: EpochReport) -> Decision:
        """An epoch has ended; an epoch repeated after a retry is recorded once and decided as it was."""
        self._record_epoch(trial, report)
        value = self._objective_of(report.metrics)
        return "continue" if value is None else self._plan.stopping.report(trial, report.epoch, value)

    def on_end(self, trial: Trial, ending: Ending) -> None:
        """``trial`` has ended. A second ending of the same trial is ignored.

        Raises what kept it from going on if that was no fault of its own; it then stays running in the ledger.
        """
        if ending.session_error is not None:
            raise ending.session_error
        state = self._state.running.get(trial.id)
        if state is None:
            logger.warning("trial %s ended twice; the second ending is ignored", trial.id)
            return
        for report in ending.result.epochs if ending.result else ():
            self._record_epoch(trial, report)
        device = self._plan.device if state.attempts else "none"
        record = build_record(
            self._plan.study, trial, ending, epochs=state.epochs, attempts=state.attempts, device=device
        )
        record = replace(record, number=state.number, workers=self._plan.workers if state.attempts else 1)
        if record.status == "failed":
            record = self._plan.complete_failure(trial, record)
        if ending.result is not None:
            self._files.keep(trial, ending.result.test_details)
        self._tell(trial, record)

    def _tell(self, trial: Trial, record: RunRecord) -> None:
        self._append("tell", {"trial_id": trial.id, "record": record_to_json(record)}, durable=True)
        self._plan.source.tell(record)
        self._plan.stopping.end(trial, record.status)
        self.num_ended[record.status] += 1
        self._files.remove_state(trial, record.status)

    def _ask(self) -> Trial | None:
        while (trial := self._plan.source.ask()) is not None:
            if trial.id not in self._state.ended and trial.id not in self._state.running:
                self._append("ask", {"trial_id": trial.id, "trial": trial_to_json(trial)})
                return trial
            logger.warning("trial %s was proposed again; the ledger has it already", trial.id)
        return None

    def _record_epoch(self, trial: Trial, report: EpochReport) -> None:
        if report.epoch in self._state.running[trial.id].epochs:
            return
        metrics = numbers_to_json(report.metrics)
        data = {"trial_id": trial.id, "epoch": report.epoch, "metrics": metrics, "duration_s": report.duration_s}
        self._append("report", data)

    def _append(self, kind: EventKind, data: Mapping[str, Any], durable: bool = False) -> None:
        event = self._ledger.append(kind, data, durable)
        self._watch.see(event)
        self._state.apply(event)
        self._on_event(event)

    def _replay(self, event: Event) -> None:
        self._watch.see(event)
        trial_state = None if event.is_of_study else self._state.running.get(event.trial_id)
        if not self._state.apply(event):
            return
        if event.kind == "ask":
            self._plan.source.restore(trial_from_json(event.data["trial"]))
        elif event.kind == "report" and trial_state is not None:
            value = self._objective_of(numbers_from_json(event.data["metrics"]))
            if value is not None:
                self._plan.stopping.report(trial_state.trial, int(event.data["epoch"]), value)
        elif event.kind == "tell" and trial_state is not None:
            record = record_from_json(event.data["record"])
            self._plan.source.tell(record)
            self._plan.stopping.end(trial_state.trial, record.status)
            self.num_ended[record.status] += 1

    def _objective_of(self, metrics: Mapping[str, float]) -> float | None:
        return None if self._plan.objective is None else self._plan.objective.of_epoch(metrics)
