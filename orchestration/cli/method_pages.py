"""``--describe`` and ``--schema``: what the methods declare, those of plugins among them; nothing runs."""

from __future__ import annotations

import typer

from orchestration.cli.exit_codes import COMPLETED, bad_input_exits


def print_schema(context: typer.Context, is_wanted: bool) -> None:
    """Print the JSON schema of search spaces and end the command."""
    if is_wanted:
        from orchestration.planning.method_catalogue import describe_methods
        from search_spaces.schema.json_schema import schema_text

        with bad_input_exits():
            _use_plugins(context)
        print(schema_text(describe_methods()), end="")
        raise typer.Exit(COMPLETED)


def print_method(context: typer.Context, name: str | None) -> None:
    """Print the page of a method and end the command."""
    if name is not None:
        with bad_input_exits():
            from orchestration.planning.describe_method import describe_named

            _use_plugins(context)
            print(describe_named(name), end="")
        raise typer.Exit(COMPLETED)


def _use_plugins(context: typer.Context) -> None:
    from dmd.plugins.load import use_plugins
    from dmd.plugins.plugin_file import read_plugin

    use_plugins([read_plugin(path) for path in context.params.get("plugins") or ()])
