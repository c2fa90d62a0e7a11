"""Small studies of the toy, run to their end on any executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from orchestration.driver.driver import StudyPlan
from orchestration.driver.limits import NO_LIMITS, StudyLimits
from orchestration.driver.reusable_results import FindResult, find_nothing
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Executor
from orchestration.ledger.events import Event
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.state import LedgerState, fold_events
from orchestration.run_study import StudyOutcome, run_study
from orchestration.search.listed_source import ListedSource
from orchestration.search.objective import Objective
from orchestration.search.optuna_search import SearchedSource, SearchPlan
from orchestration.search.stopping.by_arm import make_stopping
from orchestration.search.study_source import ArmFold, StudySource
from orchestration.search.trial_source import TrialSource
from orchestration.tracking.mlflow_tracker import MlflowTracker
from search_spaces.schema.distributions import Uniform
from search_spaces.schema.schedulers import Scheduler, SchedulerName
from search_spaces.terms.trial import Cell, Trial
from tests.orchestration.toy_runner import ToyRunner, make_trial

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
        [ArmFold("full", Cell(), SearchedSource(search))],
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
    find_result: FindResult = find_nothing,
) -> StudyOutcome:
    """Run or continue the study in ``directory``; the toy's log is ``toy.log`` there."""
    plan = StudyPlan(
        STUDY,
        source,
        make_stopping(Scheduler(scheduler), "minimize", MAX_EPOCHS),
        Objective("mae"),
        checkpoints=directory / "checkpoints",
        artifacts=directory / "artifacts",
        keeps_weights=True,
        limits=limits,
        find_result=find_result,
    )
    with Ledger(directory) as ledger:
        tracker = MlflowTracker(ledger, STUDY, directory) if is_tracked else None
        return run_study(plan, executor or InlineExecutor(), toy_of(directory, epoch_s), ledger, tracker, on_event)


def toy_of(directory: Path, epoch_s: float = 0.0) -> ToyRunner:
    return ToyRunner((directory / "toy.log").absolute(), epoch_s)


def state_of(directory: Path) -> LedgerState:
    with Ledger(directory) as ledger:
        return fold_events(ledger.events())
