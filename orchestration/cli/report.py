"""``dmd-report``: rebuild the report of a study from its directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.failures import COMPLETED, bad_input_exits

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A study directory, runs/<study>.")],
) -> None:
    """Write report.md and the tables again from the ledger, and print where they are."""
    with bad_input_exits():
        from orchestration.report_files import rebuild_report
        from orchestration.workspace import Workspace

        print(rebuild_report(Workspace(directory)))
    raise typer.Exit(COMPLETED)


def main() -> None:
    """Entry point of the console script."""
    app()
