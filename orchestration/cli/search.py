"""``dmd-search``: from one YAML file to a report."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from orchestration.cli import options
from orchestration.cli.app import ProductCommand, ProductGroup, Version, make_app
from orchestration.cli.exit_codes import bad_input_exits
from orchestration.cli.perform_search import perform
from orchestration.cli.search_request import SearchRequest
from orchestration.cli.studies import list_studies, serve_mlflow, show_places, show_status
from orchestration.process.errors import UsageError
from orchestration.process.logs import quiet_libraries

_PANELS: Mapping[str, Sequence[str]] = {
    "What runs": ("space", "overrides", "only", "plugins", "reuse", "fresh"),
    "Where it runs": ("out", "data_dir", "tracking_uri", "address", "executor"),
    "Instead of running": ("dry_run", "report_only", "export_config", "fold", "describe", "schema"),
}
"""Groups of the options in the help."""


class _SearchGroup(ProductGroup):
    """The command, whose many options are shown in groups."""

    def get_params(self, ctx: Any) -> list[Any]:
        parameters = super().get_params(ctx)
        panels = {name: panel for panel, names in _PANELS.items() for name in names}
        for parameter in parameters:
            parameter.rich_help_panel = panels.get(parameter.name)
        return parameters


app = make_app(cls=_SearchGroup)
_COMMANDS: Mapping[str, Callable[..., None]] = {
    "list": list_studies,
    "status": show_status,
    "open": show_places,
    "ui": serve_mlflow,
}
for _name, _command in _COMMANDS.items():
    app.command(_name, cls=ProductCommand)(_command)


@app.callback(invoke_without_command=True, subcommand_metavar=f"[{'|'.join(_COMMANDS)}]")
def search(
    context: typer.Context,
    space: options.SpaceToRun = None,
    overrides: options.Overrides = None,
    only: options.Only = None,
    plugins: options.Plugins = None,
    reuse: options.Reuse = None,
    fresh: options.Fresh = False,
    out: options.Out = Path("runs"),
    data_dir: options.DataDir = None,
    tracking_uri: options.TrackingUri = None,
    address: options.Address = None,
    executor: options.ExecutorName = "ray",
    dry_run: options.DryRun = False,
    report_only: options.ReportOnly = False,
    export_config: options.ExportConfig = None,
    fold: options.Fold = None,
    describe: options.Describe = None,
    schema: options.Schema = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    version: Version = False,
) -> None:
    """Run the study that a search space describes, or continue it, and write its report.

    Exit codes: 0 all trials completed; 1 some trials failed (the report is still written); 2 bad input;
    130 interrupted (the same command continues).
    """
    with bad_input_exits():
        if context.invoked_subcommand is not None:
            _refuse_options_before(context)
            return
        code = perform(
            SearchRequest(
                space=_required(space),
                out=out,
                data_dir=data_dir,
                overrides=tuple(overrides or ()),
                only=tuple(only or ()),
                plugins=tuple(plugins or ()),
                reuse=tuple(reuse or ()),
                fresh=fresh,
                tracking_uri=tracking_uri,
                address=address,
                executor=executor,
                dry_run=dry_run,
                report_only=report_only,
                export_config=export_config,
                fold=fold,
                as_json=as_json,
                quiet=quiet or as_json,
            )
        )
    raise typer.Exit(code)


def _required(space: str | None) -> str:
    if space is None:
        raise UsageError("missing option '--space': a search space; or name a command: " + ", ".join(_COMMANDS))
    return space


def _refuse_options_before(context: typer.Context) -> None:
    """Options of a study say nothing to a command that is named after them; its own stand behind its name."""
    given = [
        name for name in context.params if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if given:
        command = context.invoked_subcommand
        raise UsageError(f"options of `{command}` stand behind its name; see dmd-search {command} -h")


def main() -> None:
    """Run the command; raises SystemExit."""
    quiet_libraries()
    # The collector's last look at everything that was imported takes seconds on a busy machine, and frees nothing.
    atexit.register(gc.freeze)
    app()
