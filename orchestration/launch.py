"""Opens a study's directory, checks that it is the same study, and runs what is left of it."""

from __future__ import annotations

import math
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from orchestration.begin_study import BegunStudy, Session, begin_study
from orchestration.driver.driver import StudyPlan
from orchestration.driver.fallback_scores import score_failure
from orchestration.driver.limits import limits_of
from orchestration.driver.progress import show_progress
from orchestration.driver.reusable_results import FindResult
from orchestration.driver.tally import StudyTally
from orchestration.dry_run.capacity import ExecutorName, measure_capacity, trial_resources
from orchestration.dry_run.completed_work import num_beside
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Executor
from orchestration.external.external_trials import external_trials
from orchestration.finished_study.seen_clips import keep_clips
from orchestration.ledger.errors import wrap_format_errors
from orchestration.ledger.events import Event
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.machine.gpus import visible_gpus
from orchestration.machine.processors import num_cpus
from orchestration.node_setup.requirements import NodeRequirements
from orchestration.node_setup.shipped_files import make_shipped_data
from orchestration.past_studies.reporter import Reporter
from orchestration.past_studies.reuse import find_results
from orchestration.planning.make_source import make_source
from orchestration.planning.planned_study import PlannedStudy
from orchestration.planning.plugins import keep_plugins
from orchestration.planning.prepared import Prepared
from orchestration.process.errors import UsageError
from orchestration.process.logs import study_logs
from orchestration.process.temporary import remove_abandoned
from orchestration.ray_backend.early_cluster import EarlyCluster
from orchestration.ray_backend.executor import RayTuneExecutor
from orchestration.run_study import StudyOutcome, run_study
from orchestration.search.seed_budget import SeedBudget
from orchestration.search.stopping.by_arm import make_stopping
from orchestration.search.stopping.rule import NeverStop, StoppingRule
from orchestration.search.study_source import StudySource
from orchestration.tracking.late_start import LateTracker
from orchestration.tracking.mlflow_tracker import MlflowTracker
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from search_spaces.schema.durations import parse_duration

_REPORT_AHEAD_S = 15.0
"""Seconds before the expected end in which what writes the report gets ready."""


@dataclass(frozen=True)
class LaunchOptions:
    """What the space leaves to the command line.

    Attributes:
        executor: where trials run.
        address: of a running Ray cluster; None: this machine alone.
        tracking_uri: an MLflow server or database; None: as the space says, else SQLite in the study's directory.
        is_quiet: whether no progress is shown.
        command: as the user typed it, for the report.
        space_text: the search space as it runs, as YAML, for the report; empty: the checked one with all defaults.
        reuse: directories and MLflow addresses of studies whose results may be reused.
        cluster: of our own, for this study, that was started before it was planned; None: one is started if needed.
    """

    executor: ExecutorName = "ray"
    address: str | None = None
    tracking_uri: str | None = None
    is_quiet: bool = False
    command: str = ""
    space_text: str = ""
    reuse: tuple[str, ...] = ()
    cluster: EarlyCluster | None = None


def launch(
    prepared: Prepared,
    study_directory: StudyDirectory,
    options: LaunchOptions,
    reporter: Reporter | None = None,
) -> StudyOutcome:
    """Run the study, or continue it where its ledger ends.

    Args:
        prepared: the planned study and its data.
        study_directory: where its ledger, manifest and report lie.
        options: how to run it.
        reporter: told when it should get ready, and when the report can be written; None: nobody.

    Raises:
        UsageError: if the directory holds another study.
        LedgerError: if it is in use or damaged.
    """
    planned = prepared.planned
    space = planned.space
    find_result = find_results(options.reuse, planned.contexts)
    remove_abandoned()
    with _open_ledger(study_directory) as ledger, study_logs(study_directory.logs):
        study_directory.remove_unfinished()
        begun = begin_study(study_directory, prepared, _session_of(prepared, options, find_result))
        keep_plugins(study_directory, planned.runner.plugins)
        keep_clips(study_directory.path, prepared.dataset, planned.runner.folds, planned.cells)
        tracker = MlflowTracker(
            ledger,
            space.study,
            study_directory.path,
            uri=options.tracking_uri or space.tracking.uri,
        )
        tracking = LateTracker(tracker)
        executor = _make_executor(prepared, options, study_directory.logs)
        tally = _tally(planned, ledger, begun)
        on_complete = reporter.begin if reporter is not None else lambda: None
        with show_progress(space.study, tally, options.is_quiet) as progress:
            race = None if space.confirm.race is None else _make_race(begun.description, planned)
            source = make_source(planned, race)
            plan = _study_plan(prepared, study_directory, source, find_result, tally)
            on_event = _make_listener(progress, tracking, reporter, tally)
            outcome = run_study(
                plan, executor, planned.runner, ledger, tracker=tracking, on_event=on_event, on_complete=on_complete
            )
    for note in (*source.notes, *tracker.notes):
        print(note, file=sys.stderr)
    # What processes of a killed session still wrote to when this one began.
    remove_abandoned()
    return outcome


def _make_listener(
    progress: Callable[[Event], None], tracking: LateTracker, reporter: Reporter | None, tally: StudyTally
) -> Callable[[Event], None]:
    """What is done at every event: progress goes on, and what the study needs later gets ready before it is needed."""

    def on_event(event: Event) -> None:
        progress(event)
        if event.kind in ("report", "tell"):
            tracking.begin()
        if reporter is not None and event.kind == "tell" and (tally.left_s or math.inf) < _REPORT_AHEAD_S:
            reporter.prepare()

    return on_event


def _session_of(prepared: Prepared, options: LaunchOptions, find_result: FindResult) -> Session:
    # A cluster that is coming up keeps the processors busy.
    contention = None if options.cluster is None else options.cluster.contention
    wanted = prepared.planned.space.resources
    measure = partial(measure_capacity, wanted, options.executor, options.address, contention)
    return Session(options.command, options.space_text, measure, find_result)


def _make_race(description: StudyDescription, planned: PlannedStudy) -> SeedBudget:
    from orchestration.driver.seed_race import make_seed_race

    return make_seed_race(description, len(planned.cells))


def _tally(planned: PlannedStudy, ledger: Ledger, begun: BegunStudy) -> StudyTally:
    """How far the arms that run now are, by the ledger of earlier sessions."""
    tally = StudyTally(
        planned.num_trials, planned.shown_objective, num_folds=len(planned.cells), reusable=set(begun.reusable)
    )
    is_extended = bool(begun.description.extensions)
    ended: list[RunRecord] = []
    with wrap_format_errors(ledger.path):
        for event, _ in read_events(ledger.path, stop=ledger.length, kinds=("ask", "tell")):
            content = event.data["trial" if event.kind == "ask" else "record"]
            if planned.is_running(content["arm"], content["stage"]):
                record = tally.recall(event)
                if record is not None and is_extended:
                    ended.append(replace(record, epochs=(), predictions=None))
    if is_extended:
        tally.num_planned += num_beside(planned, ended)
    return tally


def _open_ledger(study_directory: StudyDirectory) -> Ledger:
    study_directory.require_no_links()
    try:
        return Ledger(study_directory.path)
    except OSError as error:
        raise UsageError(
            f"{study_directory.path}: cannot be written ({error.strerror}); choose another place with --out"
        ) from error


def _make_executor(prepared: Prepared, options: LaunchOptions, logs: Path) -> Executor:
    space = prepared.planned.space
    wanted = space.resources
    workers = wanted.num_workers
    if options.executor == "inline":
        return InlineExecutor(workers, visible_gpus()[:workers] if wanted.gpu > 0 else ())
    # A cluster of our own declares what the processes of this machine may use, and enough of what only has a name.
    declared = {name: amount * workers for name, amount in wanted.custom.items()}
    cpus = None if options.address else num_cpus()
    timeout = space.limits.silence
    return RayTuneExecutor(
        trial_resources(wanted),
        address=options.address,
        num_cpus=cpus,
        custom=declared or None,
        max_trials=wanted.max_concurrent,
        logs=logs / "ray",
        trial_timeout_s=None if timeout is None else parse_duration(timeout),
        requirements=_make_requirements(prepared),
        cluster=options.cluster,
    )


def _make_requirements(prepared: Prepared) -> NodeRequirements:
    """What the nodes of a cluster must have."""
    runner, encoders = prepared.planned.runner, prepared.planned.encoders
    data = make_shipped_data(runner.data, runner.data_dir, runner.declared, prepared.dataset.content_hash)
    if encoders is None:
        return NodeRequirements(prepared.fingerprint, data)
    return NodeRequirements(prepared.fingerprint, data, encoders.berts, encoders.transformers)


def _study_plan(
    prepared: Prepared,
    study_directory: StudyDirectory,
    source: StudySource,
    find_result: FindResult,
    tally: StudyTally,
) -> StudyPlan:
    planned, dataset = prepared.planned, prepared.dataset
    space, objective = planned.space, planned.objective
    stopping: StoppingRule = NeverStop()
    if space.search is not None and objective is not None:
        max_epochs = max(facts.max_epochs for facts in planned.facts.values())
        stopping = make_stopping(space.search.scheduler, objective.direction, max_epochs)
    folds = planned.runner.folds
    return StudyPlan(
        study=space.study,
        source=source,
        stopping=stopping,
        objective=objective,
        device=prepared.fingerprint.device,
        workers=prepared.fingerprint.workers,
        checkpoints=study_directory.checkpoints,
        artifacts=study_directory.artifacts,
        keeps_weights=planned.runner.keeps_weights,
        limits=limits_of(space),
        provenance={"context": planned.context, **prepared.fingerprint.as_dict()},
        complete_failure=lambda trial, record: score_failure(dataset, folds.at(trial.cell), record),
        external_trials=external_trials(planned.external_runs, dataset, folds.at, planned.context),
        find_result=find_result,
        session=_describe_session(planned, tally),
    )


def _describe_session(planned: PlannedStudy, tally: StudyTally) -> dict[str, object]:
    """Who runs it, and how many trials there will be at most where all arms run, as progress counts them."""
    number = {} if planned.only else {"num_planned": tally.num_planned, "num_reusable": len(tally.reusable)}
    return {"pid": os.getpid(), "host": socket.gethostname(), **number}
