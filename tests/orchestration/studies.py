"""Small studies of the toy, run to their end on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestration.driver import StudyPlan
from orchestration.events import Event
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Executor
from orchestration.ledger import Ledger
from orchestration.ledger_state import LedgerState, fold_events
from orchestration.limits import NO_LIMITS, StudyLimits
from orchestration.objective import Objective
from orchestration.reuse.known_results import FindResult, nothing_known
from orchestration.sources.listed import ListedSource
from orchestration.sources.protocol import TrialSource
from orchestration.sources.searched import SearchedSource, SearchPlan
from orchestration.sources.staged import Lane, StudySource
from orchestration.stopping.study_stopping import SchedulerName, make_stopping
from orchestration.study import StudyOutcome, run_study
from orchestration.tracking.mlflow_tracker import MlflowTracker
from search_spaces.distributions import Uniform
from search_spaces.trial import Cell, Trial
from tests.orchestration.toy import ToyRunner, make_trial

STUDY = "toy-study"
MAX_EPOCHS = 9


def listed(trials: Sequence[Trial]) -> TrialSource:
    return ListedSource(trials)


def searched(num_trials: int = 12, num_seeds: int = 3, epochs: int = MAX_EPOCHS) -> StudySource:
    """A TPE search of ``x`` and the confirm trials of its winner."""
    search = SearchPlan(
        arm="full",
        cell=Cell(),
        searcher="tpe",
        distributions={"x": Uniform(0.0, 1.0)},
        objective=Objective("mae"),
        num_trials=num_trials,
        study_seed=0,
        make_trial=lambda parameters: make_trial(stage="search", parameters=parameters, epochs=epochs),
    )
    return StudySource(
        [Lane("full", Cell(), SearchedSource(search))],
        lambda arm, cell, parameters: [
            make_trial(seed, arm, "confirm", cell, parameters, epochs=epochs) for seed in range(100, 100 + num_seeds)
        ],
        Objective("mae"),
    )


def run_toy(
    directory: Path,
    source: TrialSource,
    executor: Executor | None = None,
    scheduler: SchedulerName = "none",
    epoch_s: float = 0.0,
    is_tracked: bool = False,
    on_event: Callable[[Event], None] = lambda event: None,
    limits: StudyLimits = NO_LIMITS,
    known: FindResult = nothing_known,
) -> StudyOutcome:
    """Run or continue the study in ``directory``; the toy's log is ``toy.log`` there."""
    checkpoints = directory / "checkpoints"
    plan = StudyPlan(
        STUDY,
        source,
        make_stopping(scheduler, "minimize", MAX_EPOCHS),
        Objective("mae"),
        checkpoints=checkpoints,
        details=directory / "artifacts",
        limits=limits,
        known=known,
    )
    with Ledger(directory) as ledger:
        tracker = MlflowTracker(ledger, STUDY, directory, checkpoints=checkpoints) if is_tracked else None
        return run_study(plan, executor or InlineExecutor(), toy_of(directory, epoch_s), ledger, tracker, on_event)


def toy_of(directory: Path, epoch_s: float = 0.0) -> ToyRunner:
    return ToyRunner((directory / "toy.log").absolute(), epoch_s)


def state_of(directory: Path) -> LedgerState:
    with Ledger(directory) as ledger:
        return fold_events(ledger.events())
