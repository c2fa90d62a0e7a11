"""``dmd-search``: from one YAML file to a report."""

from __future__ import annotations

import atexit
import gc
import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestration.cli.exit_codes import COMPLETED, SOME_FAILED, bad_input_exits
from orchestration.process.logs import quiet_libraries
from orchestration.process.signals import INTERRUPTED, set_stop_message

if TYPE_CHECKING:
    from orchestration.ledger.study_directory import StudyDirectory
    from orchestration.planning.load_space import LoadedSpace
    from orchestration.run_study import StudyOutcome

_NO_REPORT = "stopped before the report was written; --report-only writes it"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _print_schema(context: typer.Context, is_wanted: bool) -> None:
    if is_wanted:
        from dmd.plugins.load import use_plugins
        from dmd.plugins.plugin_file import read_plugin
        from orchestration.planning.method_catalogue import describe_methods
        from search_spaces.schema.json_schema import schema_text

        with bad_input_exits():
            use_plugins([read_plugin(path) for path in context.params.get("plugins") or ()])
        print(schema_text(describe_methods()), end="")
        raise typer.Exit(COMPLETED)


def _describe_method(context: typer.Context, name: str | None) -> None:
    if name is not None:
        with bad_input_exits():
            from dmd.plugins.load import use_plugins
            from dmd.plugins.plugin_file import read_plugin
            from dmd.registry import find_method
            from orchestration.planning.describe_method import describe_method

            use_plugins([read_plugin(path) for path in context.params.get("plugins") or ()])
            print(describe_method(find_method(name)), end="")
        raise typer.Exit(COMPLETED)


@app.command()
def search(
    space: Annotated[str, typer.Option(help="A YAML file, or the name of a packaged search space.")],
    out: Annotated[Path, typer.Option(help="Folder for study directories.")] = Path("runs"),
    data_dir: Annotated[Path | None, typer.Option(envvar="DMD_DATA_DIR", help="Folder of data files.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the space; repeatable.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ARM", help="Run only this arm, with the search it needs; repeatable."),
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow server or database. Default: SQLite in the study directory.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="A running Ray cluster: auto, HOST:PORT or ray://HOST:PORT.")
    ] = None,
    plugins: Annotated[
        list[Path] | None,
        typer.Option(
            "--plugin",
            metavar="FILE",
            is_eager=True,
            help="A Python file that declares methods of your own; repeatable.",
        ),
    ] = None,
    executor: Annotated[
        Literal["ray", "inline"], typer.Option(help="inline: one trial at a time in this process, without Ray.")
    ] = "ray",
    reuse: Annotated[
        list[str] | None,
        typer.Option(
            "--reuse",
            metavar="DIR|URI",
            help="Reuse identical trials from this study, folder of studies or MLflow store.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print arms, trials and the estimated cost; start nothing.")
    ] = False,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Write a report from the results so far; run nothing.")
    ] = False,
    export_config: Annotated[
        str | None,
        typer.Option(
            "--export-config",
            metavar="ARM",
            help="Write the configuration that the arm chose as a search space of its own; run nothing.",
        ),
    ] = None,
    fold: Annotated[
        int | None, typer.Option("--fold", metavar="K", help="With --export-config: what this fold chose.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Archive the existing study and start a new one.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print progress.")] = False,
    describe: Annotated[
        str | None,
        typer.Option(
            "--describe",
            metavar="METHOD",
            is_eager=True,
            callback=_describe_method,
            help="Print a page on a method: settings, components, losses, presets; a plugin stands before it.",
        ),
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            is_eager=True,
            callback=_print_schema,
            help="Print the JSON schema of search spaces, for editors; those of plugins stand before it.",
        ),
    ] = False,
) -> None:
    """Run the study that a search space describes, or continue it, and write its report.

    Exit codes: 0 all trials completed; 1 some trials failed (the report is still written); 2 bad input;
    130 interrupted (the same command continues).
    """
    with bad_input_exits():
        loaded = _load(space, tuple(overrides or ()), tuple(plugins or ()))
        checked = loaded.space
        from orchestration.launch import LaunchOptions, launch
        from orchestration.ledger.study_directory import StudyDirectory
        from orchestration.past_studies.reuse import require_sources
        from orchestration.past_studies.write_report import rebuild_report
        from orchestration.planning.prepared import prepare
        from orchestration.process.errors import UsageError
        from orchestration.process.redaction import without_credentials
        from orchestration.process.temporary import place_for_sockets
        from orchestration.tracking.database import require_driver

        study_directory = StudyDirectory(out / checked.study)
        runs_all = {"--dry-run": dry_run, "--fresh": fresh, "--only": bool(only)}
        if export_config is not None:
            from orchestration.finished_study.export_space import export_configuration

            _refuse_beside("--export-config", {**runs_all, "--report-only": report_only})
            written = export_configuration(study_directory.path, export_config, fold)
            print(json.dumps({"study": checked.study, "configuration": str(written)}) if as_json else written)
            raise typer.Exit(COMPLETED)
        if fold is not None:
            raise UsageError("--fold says which fold's configuration to export: add --export-config ARM")
        if report_only:
            _refuse_beside("--report-only", runs_all)
            set_stop_message(_NO_REPORT)
            report = rebuild_report(study_directory).path
            print(json.dumps({"study": checked.study, "report": str(report)}) if as_json else report)
            raise typer.Exit(COMPLETED)
        if address is not None and executor == "inline":
            raise UsageError(
                "--address: --executor inline runs in this process, not on a cluster; leave one of them out"
            )
        if address is None and executor == "ray":
            place_for_sockets()
        require_sources(tuple(reuse or ()))
        uri = tracking_uri or checked.tracking.uri
        require_driver(uri)
        prepared = prepare(checked, data_dir, address, only=tuple(only or ()), arms=loaded.arms, plugins=loaded.plugins)
        if dry_run:
            from orchestration.dry_run.preview import preview

            print(
                preview(
                    prepared,
                    study_directory,
                    tuple(reuse or ()),
                    as_json=as_json,
                    executor=executor,
                    address=address,
                    is_fresh=fresh,
                )
            )
            _foresee_store(uri, study_directory, fresh)
            raise typer.Exit(COMPLETED)
        if fresh and (kept := study_directory.archive()) is not None:
            print(f"the earlier study is kept in {kept}", file=sys.stderr)
        command = without_credentials(shlex.join(["dmd-search", *sys.argv[1:]]))
        options = LaunchOptions(
            executor=executor,
            address=address,
            tracking_uri=tracking_uri,
            is_quiet=quiet or as_json,
            command=command,
            reuse=tuple(reuse or ()),
        )
        outcome = launch(prepared, study_directory, options)
        _conclude(study_directory, outcome, as_json, uri)
    if outcome.is_interrupted:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(SOME_FAILED if outcome.num_failed else COMPLETED)


def main() -> None:
    """Run the command; raises SystemExit."""
    quiet_libraries()
    # The collector's last look at everything that was imported takes seconds on a busy machine, and frees nothing.
    atexit.register(gc.freeze)
    app()


def _load(space: str, overrides: tuple[str, ...], plugins: tuple[Path, ...]) -> LoadedSpace:
    from search_spaces.loading.document import read_document
    from search_spaces.loading.packaged import find_space

    # A file that is no YAML is refused before the methods, and torch with them, are imported.
    document = read_document(find_space(space))
    from orchestration.planning.load_space import load_space

    return load_space(document, overrides, plugins)


def _refuse_beside(option: str, given: Mapping[str, bool]) -> None:
    """``option`` runs nothing, so options that say what to run contradict it."""
    from orchestration.process.errors import UsageError

    problems = [f"{option} runs nothing: leave {name} out" for name, is_given in given.items() if is_given]
    if problems:
        raise UsageError("\n".join(problems))


def _foresee_store(uri: str | None, study_directory: StudyDirectory, is_fresh: bool) -> None:
    from orchestration.ledger.ledger import LEDGER_FILE
    from orchestration.tracking.store_preview import describe_store

    ledger = None if is_fresh else study_directory.path / LEDGER_FILE
    if uri is not None and (note := describe_store(uri, study_directory.path.name, ledger)):
        print(note, file=sys.stderr)


def _conclude(study_directory: StudyDirectory, outcome: StudyOutcome, as_json: bool, uri: str | None) -> None:
    """The report, unless the study was stopped (who stops thousands of trials does not wait for it), and the result."""
    from orchestration.past_studies.write_report import deliver_report, rebuild_report
    from orchestration.process.redaction import without_credentials

    set_stop_message(_NO_REPORT)
    report = None if outcome.is_interrupted else rebuild_report(study_directory)
    if report is not None and outcome.undelivered is None:
        outcome = replace(outcome, undelivered=deliver_report(study_directory, report.answer, uri))
    _print_result(study_directory, outcome, None if report is None else report.path, as_json, uri)
    if outcome.is_interrupted or outcome.undelivered:
        again = shlex.join(["dmd-search", *(argument for argument in sys.argv[1:] if argument != "--fresh")])
        shown = without_credentials(again)
        if shown != again:
            print("the command below lacks the password of the address; put it back in:", file=sys.stderr)
        print(f"the same command: {shown}", file=sys.stderr)


def _print_result(
    study_directory: StudyDirectory, outcome: StudyOutcome, report: Path | None, as_json: bool, uri: str | None
) -> None:
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
