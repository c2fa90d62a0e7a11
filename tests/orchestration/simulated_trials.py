"""Records of toy trials without training, and a loop that drives a source with them."""

from __future__ import annotations

from collections.abc import Callable

from orchestration.search.trial_source import TrialSource
from reports.records.run_record import EpochPoint, RunRecord, Status
from search_spaces.terms.trial import Trial
from tests.orchestration.toy_runner import error_of


def record_of(trial: Trial, value: float | None = None, status: Status = "completed") -> RunRecord:
    """The record of a trial that reached ``value`` (None: what the toy reaches)."""
    reached = error_of(trial, 3) if value is None else value
    is_failed = status == "failed"
    return RunRecord(
        study="s",
        trial_id=trial.id,
        configuration_id=trial.configuration_id,
        arm=trial.arm,
        model=trial.model,
        stage=trial.stage,
        status=status,
        seed=trial.seed,
        repeat=trial.cell.repeat,
        fold=trial.cell.fold,
        parameters=dict(trial.parameters),
        settings=dict(trial.settings),
        valid={} if is_failed else {"mae": reached},
        test=None,
        fallback_test=None,
        best_epoch=None if is_failed else 3,
        num_epochs=0 if is_failed else 3,
        num_parameters=7,
        num_train=1,
        num_valid=1,
        num_test=1,
        duration_s=1.0,
        device="cpu",
        epochs=() if is_failed else (EpochPoint(3, {"valid/mae": reached}),),
    )


def drive(
    source: TrialSource,
    num_workers: int = 1,
    judge: Callable[[Trial], RunRecord] = record_of,
    limit: int = 1000,
) -> list[tuple[str, Trial | RunRecord]]:
    """Ask and tell until nothing is left or ``limit`` trials were asked; the oldest running trial ends first."""
    events: list[tuple[str, Trial | RunRecord]] = []
    running: list[Trial] = []
    num_asked = 0
    while True:
        while len(running) < num_workers and num_asked < limit and (trial := source.ask()) is not None:
            events.append(("ask", trial))
            running.append(trial)
            num_asked += 1
        if not running:
            return events
        record = judge(running.pop(0))
        events.append(("tell", record))
        source.tell(record)


def replay(source: TrialSource, events: list[tuple[str, Trial | RunRecord]]) -> None:
    """Bring a fresh source to the state after ``events``."""
    for kind, item in events:
        if kind == "ask":
            source.restore(item)  # type: ignore[arg-type]
        else:
            source.tell(item)  # type: ignore[arg-type]


def asked(events: list[tuple[str, Trial | RunRecord]]) -> list[Trial]:
    """The trials of the ask events."""
    return [item for kind, item in events if kind == "ask"]  # type: ignore[misc]
