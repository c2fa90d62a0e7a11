"""``dmd-search``: from one YAML file to a report."""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from orchestration.cli.failures import COMPLETED, INTERRUPTED, SOME_FAILED, bad_input_exits
from orchestration.errors import UsageError

if TYPE_CHECKING:
    from dmd.data.dataset import Dataset
    from orchestration.executors.protocol import Executor
    from orchestration.fingerprint import Fingerprint
    from orchestration.planning import PlannedStudy
    from orchestration.study import StudyOutcome
    from orchestration.workspace import Workspace
    from search_spaces.schema import SearchSpace

ExecutorName = Literal["ray", "inline"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    space: str
    out: Path
    data_dir: Path | None
    overrides: tuple[str, ...]
    tracking_uri: str | None
    address: str | None
    as_json: bool
    quiet: bool
    fresh: bool
    executor: ExecutorName


@app.command()
def search(
    space: Annotated[str, typer.Option(help="A YAML file, or the name of a packaged search space.")],
    out: Annotated[Path, typer.Option(help="Where study directories go.")] = Path("runs"),
    data_dir: Annotated[Path | None, typer.Option(envvar="DMD_DATA_DIR", help="Where data files are.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key.")] = None,
    tracking_uri: Annotated[str | None, typer.Option(help="An MLflow server; default: SQLite in the study.")] = None,
    address: Annotated[str | None, typer.Option(help="A running Ray cluster (auto, ray://...).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print arms, trials and the estimated cost.")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Write the report of what there is.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Set an existing study aside and start anew.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    executor: Annotated[ExecutorName, typer.Option(help="inline: one trial at a time in this process.")] = "ray",
) -> None:
    """Run the study that a search space describes, or continue it, and write its report.

    Exit codes: 0 all trials completed; 1 some failed (the report is written all the same); 2 bad input;
    130 interrupted (the same command continues).
    """
    options = Options(
        space, out, data_dir, tuple(overrides or ()), tracking_uri, address, as_json, quiet, fresh, executor
    )
    with bad_input_exits():
        action = _report_only if report_only else _dry_run if dry_run else _run
        code = action(options)
    raise typer.Exit(code)


def main() -> None:
    """Entry point of the console script."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    app()


def _load(options: Options) -> SearchSpace:
    from orchestration.catalogue import describe_methods
    from search_spaces.load import load
    from search_spaces.packaged import find_space

    return load(find_space(options.space), describe_methods(), options.overrides)


def _plan(options: Options, space: SearchSpace) -> tuple[PlannedStudy, Dataset, Fingerprint]:
    from dmd.data.dataset import LabelScale
    from dmd.data.load import open_dataset
    from orchestration.catalogue import describe_methods
    from orchestration.fingerprint import take_fingerprint
    from orchestration.planning import fold_plan, plan_study
    from orchestration.runner import DmdRunner

    _require_resources(options, space)
    device = "cuda" if space.resources.gpu > 0 else "cpu"
    threads = max(int(space.resources.cpu), 1)
    declared = space.data.label_scale
    scale = None if declared is None else LabelScale(declared.low, declared.high, declared.neutral)
    data_dir = None if options.data_dir is None else options.data_dir.absolute()
    runner = DmdRunner(space.data.path, data_dir, scale, fold_plan(space), device, threads)
    dataset = open_dataset(runner.data, runner.data_dir, runner.scale)
    fingerprint = take_fingerprint(device, threads)
    return plan_study(space, describe_methods(), dataset, runner, fingerprint), dataset, fingerprint


def _require_resources(options: Options, space: SearchSpace) -> None:
    """What a local machine can never give is refused before anything starts; a cluster says so itself."""
    import torch

    wanted, workers = space.resources, space.resources.workers
    if workers != 1:
        raise UsageError(f"resources.workers: only 1 is supported by this version, got {workers!r}; write `workers: 1`")
    if wanted.fuse not in ("auto", "off", 1):
        raise UsageError(
            f"resources.fuse: this version trains trials one by one, got {wanted.fuse!r}; write `fuse: auto`"
        )
    if options.address is not None:
        return
    if wanted.cpu > num_cpus():
        raise UsageError(
            f"resources.cpu: a trial wants {wanted.cpu:g} CPUs, this machine has {num_cpus()}; ask for less"
        )
    if wanted.gpu > torch.cuda.device_count():
        raise UsageError(
            f"resources.gpu: a trial wants {wanted.gpu:g} GPUs, this machine shows {torch.cuda.device_count()}; "
            "set `gpu: 0`, or give --address of a cluster that has them"
        )


def num_cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _slots(space: SearchSpace) -> int:
    """Trials at the same time on this machine."""
    import torch

    wanted = space.resources
    slots = max(int(num_cpus() / wanted.cpu), 1)
    if wanted.gpu > 0:
        slots = min(slots, max(int(torch.cuda.device_count() / wanted.gpu), 1))
    return min(slots, wanted.max_concurrent or slots)


def _dry_run(options: Options) -> int:
    from orchestration.estimate import estimate_study

    space = _load(options)
    planned, _, _ = _plan(options, space)
    estimate = estimate_study(planned, _slots(space))
    stages = {"search": planned.size.num_search, "confirm": planned.size.num_confirm}
    if options.as_json:
        print(
            json.dumps(
                {
                    "study": space.study,
                    "arms": [arm.name for arm in planned.arms],
                    "num_trials": planned.size.num_trials,
                    "stages": stages,
                    "estimate": asdict(estimate),
                }
            )
        )
        return COMPLETED
    print(
        f"study {space.study}: {len(planned.arms)} arms, {len(planned.cells)} cells, {len(planned.seeds)} confirm seeds"
    )
    for arm in planned.arms:
        facts = planned.facts[arm.name]
        print(f"  {arm.name}: {facts.num_parameters} parameters, {facts.epoch_s:.2f} s per epoch")
    print(f"trials: {stages['search']} search + {stages['confirm']} confirm = {planned.size.num_trials}")
    print(
        f"at most {estimate.wall_s / 60:.1f} min with {estimate.slots} trials at a time, "
        f"{estimate.gpu_hours:.2f} GPU-hours, {estimate.core_hours:.2f} core-hours (early stopping shortens it)"
    )
    return COMPLETED


def _run(options: Options) -> int:
    from orchestration.workspace import Workspace

    space = _load(options)
    workspace = Workspace(options.out / space.study)
    if options.fresh and (kept := workspace.set_aside()) is not None:
        print(f"the earlier study is kept in {kept}", file=sys.stderr)
    planned, dataset, fingerprint = _plan(options, space)
    outcome = _execute(options, workspace, planned, dataset, fingerprint)
    report = _write_report(workspace)
    _print_result(options, workspace, outcome, report)
    if outcome.is_interrupted:
        return INTERRUPTED
    return SOME_FAILED if outcome.num_failed else COMPLETED


def _execute(
    options: Options, workspace: Workspace, planned: PlannedStudy, dataset: Dataset, fingerprint: Fingerprint
) -> StudyOutcome:
    """Open the ledger, check that this is the same study, and run what is left of it."""
    from orchestration.ledger import Ledger
    from orchestration.progress import ProgressView
    from orchestration.study import run_study
    from orchestration.tracking.mlflow_tracker import MlflowTracker

    space = planned.space
    with Ledger(workspace.directory) as ledger:
        for notice in ledger.notices:
            print(notice, file=sys.stderr)
        _settle_manifest(workspace, planned, dataset, fingerprint)
        plan = _study_plan(workspace, planned, dataset, fingerprint)
        uri = options.tracking_uri or space.tracking.uri
        tracker = MlflowTracker(ledger, space.study, workspace.directory, uri, workspace.checkpoints)
        progress = ProgressView(
            planned.size.num_trials, _count_ended(ledger), space.objective_metric, options.quiet or options.as_json
        )
        with progress:
            return run_study(plan, _make_executor(options, space), planned.runner, ledger, tracker, progress)


def _make_executor(options: Options, space: SearchSpace) -> Executor:
    from orchestration.executors.inline import InlineExecutor
    from orchestration.executors.protocol import Resources
    from orchestration.executors.ray_tune import RayTuneExecutor

    if options.executor == "inline":
        return InlineExecutor()
    wanted = space.resources
    return RayTuneExecutor(
        Resources(wanted.cpu, wanted.gpu, 1, dict(wanted.custom)),
        options.address,
        None if options.address else max(int(_slots(space) * wanted.cpu), 1),
        dict(wanted.custom) or None,
    )


def _study_plan(workspace: Workspace, planned: PlannedStudy, dataset: Dataset, fingerprint: Fingerprint) -> Any:
    from orchestration.driver import StudyPlan
    from orchestration.failed_trials import score_failure
    from orchestration.stopping import NeverStop, make_stopping

    space, objective = planned.space, planned.objective
    stopping: Any = NeverStop()
    if space.search is not None and objective is not None:
        max_epochs = max(facts.max_epochs for facts in planned.facts.values())
        stopping = make_stopping(space.search.scheduler, objective.direction, max_epochs)
    return StudyPlan(
        study=space.study,
        source=planned.make_source(),
        stopping=stopping,
        objective=objective,
        device=fingerprint.device,
        checkpoints=workspace.checkpoints,
        provenance={"context": planned.context, **fingerprint.as_dict()},
        complete_failure=lambda trial, record: score_failure(dataset, planned.runner.folds.at(trial.cell), record),
    )


def _settle_manifest(workspace: Workspace, planned: PlannedStudy, dataset: Dataset, fingerprint: Fingerprint) -> None:
    """Write the manifest of a new study; of a known one, check it and take in what may change (more seeds)."""
    import datetime
    from dataclasses import replace

    from orchestration.description import describe_study
    from orchestration.workspace import Manifest, require_same_study

    deciding = {
        "data": dataset.content_hash,
        **{f"folds.{name}": value for name, value in planned.runner.folds.as_dict().items()},
        **fingerprint.as_dict(),
    }
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    description = describe_study(planned, dataset, fingerprint, shlex.join(["dmd-search", *sys.argv[1:]]), started)
    known = workspace.read_manifest()
    if known is not None:
        require_same_study(workspace, known, planned.space, deciding)
        description = replace(description, provenance=known.description.provenance)
    workspace.write_manifest(Manifest(description, planned.space.resolved(), deciding))


def _count_ended(ledger: Any) -> int:
    return sum(event.kind == "tell" for event in ledger.events())


def _write_report(workspace: Workspace) -> Path:
    from orchestration.report_files import rebuild_report

    return rebuild_report(workspace)


def _report_only(options: Options) -> int:
    from orchestration.workspace import Workspace

    space = _load(options)
    print(_write_report(Workspace(options.out / space.study)))
    return COMPLETED


def _print_result(options: Options, workspace: Workspace, outcome: StudyOutcome, report: Path) -> None:
    if outcome.undelivered:
        print(outcome.undelivered, file=sys.stderr)
    if options.as_json:
        print(json.dumps({"study": workspace.directory.name, "report": str(report), **asdict(outcome)}))
        return
    state = "interrupted; run the same command to continue" if outcome.is_interrupted else "done"
    print(f"{state}: {outcome.num_completed} completed, {outcome.num_pruned} pruned, {outcome.num_failed} failed")
    print(f"report: {report}")
    if not options.tracking_uri:
        print(f"compare in MLflow: mlflow ui --backend-store-uri sqlite:///{workspace.directory / 'mlflow.db'}")
