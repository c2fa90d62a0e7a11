"""Opens a study's directory, checks that it is the same study, and runs what is left of it."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dmd.data.dataset import Dataset
from dmd.data.load import open_dataset
from dmd.modalities import MODALITIES
from orchestration.cargo import Cargo
from orchestration.catalogue import describe_methods
from orchestration.declared import declared_by
from orchestration.description import describe_study
from orchestration.driver import StudyPlan
from orchestration.earlier_looks import count_earlier_looks
from orchestration.errors import UsageError
from orchestration.estimate import estimate_study, expectation_of
from orchestration.executors.inline import InlineExecutor
from orchestration.executors.protocol import Executor
from orchestration.executors.ray_tune import RayTuneExecutor
from orchestration.external.given_trials import given_trials
from orchestration.failed_trials import score_failure
from orchestration.fingerprint import Fingerprint, take_fingerprint
from orchestration.ledger import Ledger, read_events, taken_as_written
from orchestration.ledger_lock import require_no_driver
from orchestration.limits import limits_of
from orchestration.local_gpus import visible_gpus
from orchestration.local_machine import num_cpus, require_resources, settle_workers
from orchestration.logs import study_logs
from orchestration.parcels import make_data_parcel
from orchestration.planned_study import PlannedStudy
from orchestration.planning import fold_plan, plan_study
from orchestration.progress import show_progress
from orchestration.racing import make_racer
from orchestration.reuse.known_results import FindResult
from orchestration.reuse.places import find_results
from orchestration.runner import DmdRunner
from orchestration.sources.staged import StudySource
from orchestration.stopping.protocol import NeverStop, StoppingRule
from orchestration.stopping.study_stopping import make_stopping
from orchestration.study import StudyOutcome, run_study
from orchestration.tally import StudyTally
from orchestration.temporary import remove_abandoned
from orchestration.tracking.credentials import content_without_credentials
from orchestration.tracking.mlflow_tracker import MlflowTracker
from orchestration.trial_room import ExecutorName, measure_room, needs_of
from orchestration.workspace import EXTERNAL_KEY, Manifest, Workspace, require_same_study
from reports.record import StudyDescription
from search_spaces.limits import parse_duration
from search_spaces.schema import SearchSpace


@dataclass(frozen=True)
class Prepared:
    """A planned study with its data, ready to start."""

    planned: PlannedStudy
    dataset: Dataset
    fingerprint: Fingerprint


@dataclass(frozen=True)
class LaunchOptions:
    """What the space leaves to the command line. address: a running Ray cluster; None: this machine alone."""

    executor: ExecutorName = "ray"
    address: str | None = None
    tracking_uri: str | None = None
    is_quiet: bool = False
    command: str = ""
    reuse: tuple[str, ...] = ()


def prepare(
    space: SearchSpace, data_dir: Path | None, address: str | None = None, only: Sequence[str] = ()
) -> Prepared:
    """Open the data and plan the study over them; raises what the user can correct. only: the arms to run now."""
    space = space.model_copy(update={"resources": settle_workers(space.resources, is_local=address is None)})
    require_resources(space.resources, is_local=address is None)
    device = "cuda" if space.resources.gpu > 0 else "cpu"
    threads = max(int(space.resources.cpu), 1)
    directory = None if data_dir is None else data_dir.absolute()
    runner = DmdRunner(
        space.data.path, directory, declared_by(space), fold_plan(space), device, threads, space.confirm.details
    )
    dataset = open_dataset(runner.data, runner.data_dir, runner.declared)
    if dataset.modalities != MODALITIES:
        # Also where only a converted folder knows it.
        data = space.data.model_copy(update={"modalities": dataset.modalities})
        space = space.model_copy(update={"data": data})
    fingerprint = take_fingerprint(device, threads, space.resources.num_workers)
    planned = plan_study(space, describe_methods(), dataset, runner, fingerprint, only)
    return Prepared(planned, dataset, fingerprint)


def launch(prepared: Prepared, workspace: Workspace, options: LaunchOptions) -> StudyOutcome:
    """Run the study, or continue it where its ledger ends.

    Raises UsageError if the directory holds another study, LedgerError if it is in use or damaged.
    """
    planned = prepared.planned
    space = planned.space
    known = find_results(options.reuse, planned.context)
    remove_abandoned()
    with _open_ledger(workspace) as ledger, study_logs(workspace.logs):
        workspace.remove_unfinished()
        description = _settle_manifest(workspace, prepared, options)
        uri = options.tracking_uri or space.tracking.uri
        tracker = MlflowTracker(ledger, space.study, workspace.directory, uri, workspace.checkpoints)
        executor = _make_executor(prepared, options, workspace.logs)
        with show_progress(space.study, _tally(planned, ledger), options.is_quiet) as progress:
            race = make_racer(description, len(planned.cells)) if space.confirm.race is not None else None
            source = planned.make_source(race)
            plan = _study_plan(prepared, workspace, source, known)
            outcome = run_study(plan, executor, planned.runner, ledger, tracker, progress)
    for note in (*source.notes, *tracker.notes):
        print(note, file=sys.stderr)
    # What processes of a killed session still wrote to when this one began.
    remove_abandoned()
    return outcome


def _tally(planned: PlannedStudy, ledger: Ledger) -> StudyTally:
    """How far the arms that run now are, by the ledger of earlier sessions."""
    tally = StudyTally(planned.num_trials, planned.shown_objective)
    with taken_as_written(ledger.path):
        for event, _ in read_events(ledger.path, stop=ledger.length, kinds=("ask", "tell")):
            content = event.data["trial" if event.kind == "ask" else "record"]
            if planned.is_running(content["arm"], content["stage"]):
                tally.recall(event)
    return tally


def _open_ledger(workspace: Workspace) -> Ledger:
    workspace.require_no_links()
    try:
        return Ledger(workspace.directory)
    except OSError as error:
        raise UsageError(
            f"{workspace.directory}: cannot be written ({error.strerror}); choose another place with --out"
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
    silence = space.limits.silence
    return RayTuneExecutor(
        needs_of(wanted),
        options.address,
        cpus,
        declared or None,
        wanted.max_concurrent,
        logs / "ray",
        None if silence is None else parse_duration(silence),
        _make_cargo(prepared),
    )


def _make_cargo(prepared: Prepared) -> Cargo:
    """What the nodes of a cluster must have."""
    runner, encoders = prepared.planned.runner, prepared.planned.encoders
    data = make_data_parcel(runner.data, runner.data_dir, runner.declared, prepared.dataset.content_hash)
    if encoders is None:
        return Cargo(prepared.fingerprint, data)
    return Cargo(prepared.fingerprint, data, encoders.berts, encoders.transformers)


def _study_plan(prepared: Prepared, workspace: Workspace, source: StudySource, known: FindResult) -> StudyPlan:
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
        checkpoints=workspace.checkpoints,
        details=workspace.artifacts,
        limits=limits_of(space),
        provenance={"context": planned.context, **prepared.fingerprint.as_dict()},
        complete_failure=lambda trial, record: score_failure(dataset, folds.at(trial.cell), record),
        given=given_trials(planned.given_runs, dataset, folds.at, planned.context),
        known=known,
    )


def require_continuable(workspace: Workspace, prepared: Prepared) -> None:
    """Raise UsageError where the directory holds another study than the prepared one, or cannot hold one; LedgerLocked
    where a driver works on it.

    What a run refuses before it starts, a dry run refuses too.
    """
    workspace.require_place()
    workspace.require_no_links()
    require_no_driver(workspace.directory)
    known = workspace.read_manifest()
    if known is not None:
        require_same_study(workspace, known, prepared.planned.space, _what_decides(prepared))


def _what_decides(prepared: Prepared) -> dict[str, Any]:
    """What, besides the space, decides which study it is."""
    planned, dataset, fingerprint = prepared.planned, prepared.dataset, prepared.fingerprint
    return {
        "data": dataset.content_hash,
        **{f"folds.{name}": value for name, value in planned.runner.folds.as_dict().items()},
        **fingerprint.as_dict(),
        **{f"{EXTERNAL_KEY}{arm}": runs.digest for arm, runs in planned.external.items()},
        **({} if planned.encoders is None else planned.encoders.as_dict()),
    }


def _settle_manifest(workspace: Workspace, prepared: Prepared, options: LaunchOptions) -> StudyDescription:
    """Write the manifest of a new study; of a known one, check it and take in what may change (more seeds)."""
    planned, dataset, fingerprint = prepared.planned, prepared.dataset, prepared.fingerprint
    deciding = _what_decides(prepared)
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    description = describe_study(planned, dataset, fingerprint, options.command, started)
    known = workspace.read_manifest()
    if known is not None:
        require_same_study(workspace, known, planned.space, deciding)
        # What was so when the study began stays so.
        began = known.description
        description = replace(
            description, provenance=began.provenance, scored_before=began.scored_before, estimate=began.estimate
        )
    else:
        earlier = count_earlier_looks(workspace, dataset.content_hash)
        room = measure_room(planned.space.resources, options.executor, options.address)
        expected = expectation_of(estimate_study(planned, room))
        description = replace(description, scored_before=earlier, estimate=expected)
    space = content_without_credentials(planned.space.resolved())
    workspace.write_manifest(Manifest(description, space, deciding))
    return description
