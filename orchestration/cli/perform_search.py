"""What ``dmd-search --space`` does: run a study, or one of the things instead of running. The exit code is returned."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from orchestration.cli.early_start import early_cluster
from orchestration.cli.exit_codes import COMPLETED, SOME_FAILED
from orchestration.cli.search_request import SearchRequest, command_line
from orchestration.perform_study import NO_REPORT, PerformedStudy, perform_study, prepare_study
from orchestration.process.signals import INTERRUPTED, set_stop_message

if TYPE_CHECKING:
    from orchestration.ledger.study_directory import StudyDirectory
    from orchestration.planning.load_space import LoadedSpace
    from orchestration.planning.prepared import Prepared
    from orchestration.ray_backend.early_cluster import EarlyCluster


def perform(request: SearchRequest) -> int:
    """Do what the command line asks for.

    Raises UsageError, SpaceErrors, InputError, LedgerError for what the user can correct.
    """
    loaded = _load(request)
    from orchestration.ledger.study_directory import StudyDirectory

    study_directory = StudyDirectory(request.out / loaded.space.study)
    request.require_consistent()
    if request.export_config is not None:
        return _export(request, study_directory, request.export_config)
    if request.report_only:
        return _report(request, study_directory)
    with early_cluster(request, loaded.space.resources, study_directory) as cluster:
        meanwhile = "" if cluster is None else ", while Ray starts"
        request.say(f"planning {loaded.space.study}: reading the data, building and timing every arm{meanwhile}")
        prepared = prepare_study(loaded, request)
        if request.dry_run:
            return _preview(request, prepared, study_directory)
        return _run(request, prepared, study_directory, cluster, loaded.text)


def _load(request: SearchRequest) -> LoadedSpace:
    from search_spaces.loading.document import read_document
    from search_spaces.loading.packaged import find_space

    # A file that is no YAML is refused before the methods, and torch with them, are imported.
    document = read_document(find_space(request.space))
    if not request.report_only and request.export_config is None:
        request.say(f"reading {request.space}")
    from orchestration.planning.load_space import load_space

    return load_space(document, request.overrides, request.plugins)


def _export(request: SearchRequest, study_directory: StudyDirectory, arm: str) -> int:
    from orchestration.finished_study.export_space import export_configuration

    written = export_configuration(study_directory.path, arm, request.fold, request.data_dir)
    for line in written.lines:
        request.say(line)
    study = study_directory.path.name
    print(json.dumps({"study": study, "configuration": str(written.path)}) if request.as_json else written.path)
    return COMPLETED


def _report(request: SearchRequest, study_directory: StudyDirectory) -> int:
    from orchestration.past_studies.write_report import rebuild_report

    set_stop_message(NO_REPORT)
    report = rebuild_report(study_directory).path
    study = study_directory.path.name
    print(json.dumps({"study": study, "report": str(report)}) if request.as_json else report)
    return COMPLETED


def _preview(request: SearchRequest, prepared: Prepared, study_directory: StudyDirectory) -> int:
    from orchestration.dry_run.preview import preview
    from orchestration.ledger.file_names import LEDGER_FILE
    from orchestration.tracking.experiment import describe_store

    print(
        preview(
            prepared,
            study_directory,
            request.reuse,
            as_json=request.as_json,
            executor=request.executor,
            address=request.address,
            is_fresh=request.fresh,
            command=command_line(prepared.data_dir_needed),
        )
    )
    uri = request.tracking_of(prepared)
    ledger = None if request.fresh else study_directory.path / LEDGER_FILE
    if uri is not None and (note := describe_store(uri, study_directory.path.name, ledger)):
        print(note, file=sys.stderr)
    return COMPLETED


def _run(
    request: SearchRequest,
    prepared: Prepared,
    study_directory: StudyDirectory,
    cluster: EarlyCluster | None,
    space_text: str,
) -> int:
    performed = perform_study(
        prepared,
        study_directory,
        request,
        command=command_line(prepared.data_dir_needed),
        space_text=space_text,
        cluster=cluster,
    )
    outcome = performed.outcome
    _print_result(study_directory, performed, request.as_json, request.tracking_of(prepared))
    if outcome.is_interrupted or outcome.undelivered:
        _print_same_command()
    if outcome.is_interrupted:
        return INTERRUPTED
    return SOME_FAILED if outcome.num_failed else COMPLETED


def _print_same_command() -> None:
    from orchestration.process.redaction import without_credentials

    again = shlex.join(["dmd-search", *(argument for argument in sys.argv[1:] if argument != "--fresh")])
    shown = without_credentials(again)
    if shown != again:
        print("the command below lacks the password of the address; put it back in:", file=sys.stderr)
    print(f"the same command: {shown}", file=sys.stderr)


def _print_result(study_directory: StudyDirectory, performed: PerformedStudy, as_json: bool, uri: str | None) -> None:
    outcome, report = performed.outcome, performed.report
    if outcome.undelivered:
        print(outcome.undelivered, file=sys.stderr)
    if as_json:
        shown = None if report is None else str(report)
        print(json.dumps({"study": study_directory.path.name, "report": shown, **asdict(outcome)}))
        return
    state = "interrupted; run the same command to continue" if outcome.is_interrupted else "done"
    if outcome.limit is not None:
        state = f"ended at its limit ({outcome.limit}); raise it under `limits` and run the same command to continue"
    print(f"{state}: {outcome.num_completed} completed, {outcome.num_pruned} pruned, {outcome.num_failed} failed")
    print(
        "report: not written; --report-only writes one from the results so far"
        if report is None
        else f"report: {report}"
    )
    if uri is None:
        from orchestration.tracking.sqlite_store import ui_command

        print(f"compare in MLflow: {ui_command(study_directory.path)}")
