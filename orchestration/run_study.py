"""A whole study from its plan to its last ending, on any executor."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestration.driver.driver import Driver, StudyPlan
from orchestration.executors.protocol import Executor, TrialRunner
from orchestration.ledger.events import Event
from orchestration.ledger.ledger import Ledger
from orchestration.process.interruption import Interruption, StudyInterrupted
from orchestration.process.signals import Stopped
from orchestration.tracking.protocol import NoTracking, Tracker


@dataclass(frozen=True)
class StudyOutcome:
    """How a session of a study ended; the counts are over all its sessions.

    Attributes:
        num_completed: trials that trained to their end.
        num_pruned: trials that were stopped early.
        num_failed: trials without a result.
        is_interrupted: whether trials are left to run.
        limit: the limit of the study at which it ended, in words; None if there was none.
        undelivered: one line on what the tracker could not deliver, or None.
    """

    num_completed: int
    num_pruned: int
    num_failed: int
    is_interrupted: bool
    limit: str | None
    undelivered: str | None


def run_study(
    plan: StudyPlan,
    executor: Executor,
    runner: TrialRunner,
    ledger: Ledger,
    tracker: Tracker | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    on_complete: Callable[[], None] = lambda: None,
) -> StudyOutcome:
    """Run the study, or continue it where its ledger ends.

    SIGINT and SIGTERM stop the study cleanly: the outcome says so, and the same call continues it.

    Args:
        plan: what the driver works through.
        executor: runs its trials.
        runner: trains a trial on a worker.
        ledger: of the study, open.
        tracker: delivers the ledger to MLflow; None: nothing is tracked.
        on_event: called with every new event of the ledger (progress).
        on_complete: called when all trials have ended, before what is left is delivered to MLflow.

    Raises:
        OSError: a full disk; what else the ledger or the executor raise passes through.
        Stopped: for a signal before the ledger is read.
    """
    tracking = tracker or NoTracking()

    def on_new_event(event: Event) -> None:
        tracking.wake()
        on_event(event)

    with Interruption() as interruption:
        tracking.start()
        try:
            driver = _read_ledger(plan, ledger, on_new_event, interruption)
            is_done = _run_trials(driver, executor, runner, interruption)
            if is_done:
                on_complete()
        except Exception:
            tracking.close("interrupted", interruption.deadline)
            raise
        undelivered = tracking.close("complete" if is_done else "interrupted", interruption.deadline)
    return _outcome_of(driver, interruption.was_signalled or not is_done, undelivered)


def _read_ledger(
    plan: StudyPlan, ledger: Ledger, on_event: Callable[[Event], None], interruption: Interruption
) -> Driver:
    try:
        with interruption.waiting():
            return Driver(plan, ledger, on_event)
    except StudyInterrupted:
        raise Stopped("stopped before the study was resumed; the same command continues it") from None


def _run_trials(driver: Driver, executor: Executor, runner: TrialRunner, interruption: Interruption) -> bool:
    """Run what the ledger leaves to run; whether the study is then at its end."""
    driver.score_external_trials()
    with contextlib.suppress(StudyInterrupted), _alarm(driver.seconds_left, interruption):
        executor.run(driver, runner, interruption)
        return True
    # A study that its own deadline has stopped has ended as it was asked to.
    return driver.check_limits() is not None


def _outcome_of(driver: Driver, is_interrupted: bool, undelivered: str | None) -> StudyOutcome:
    ended = driver.num_ended
    return StudyOutcome(
        num_completed=ended["completed"],
        num_pruned=ended["pruned"],
        num_failed=ended["failed"],
        is_interrupted=is_interrupted,
        limit=driver.limit,
        undelivered=undelivered,
    )


@contextlib.contextmanager
def _alarm(seconds: float | None, interruption: Interruption) -> Iterator[None]:
    """Ask for a clean stop after so many seconds; None: never."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(min(max(seconds, 0.0), threading.TIMEOUT_MAX), interruption.request)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
