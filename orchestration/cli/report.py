"""``dmd-report``: rebuild the report of recorded studies, from their directories or from an MLflow server."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.app import ProductCommand, Version, make_app
from orchestration.cli.completion import complete_directories
from orchestration.cli.exit_codes import COMPLETED, bad_input_exits

if TYPE_CHECKING:
    from orchestration.ledger.recorded_study import RecordedStudy
    from search_spaces.design.contrasts import Methods

app = make_app()


@app.command(cls=ProductCommand)
def report(
    directories: Annotated[
        list[Path] | None, typer.Argument(help="Study directories, runs/<study>.", autocompletion=complete_directories)
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow server that has the studies named by --study.")
    ] = None,
    studies: Annotated[list[str] | None, typer.Option("--study", help="A study on the server; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the report.")] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge all studies into one, or fail and say why not.")
    ] = False,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="One section per study, without merging.")
    ] = False,
    version: Version = False,
) -> None:
    """Write report.md, report.html, tables and figures, and print where they are.

    With one directory the report is written there. Several studies are merged if they share data, folds, software,
    baseline and search: arms and seeds are united, and a run that two studies share counts once. Other studies are
    reported side by side.
    """
    with bad_input_exits(), ExitStack() as stack:
        _check(directories or [], tracking_uri, studies or [], merge and side_by_side)
        from orchestration.ledger.recorded_study import read_directory
        from orchestration.past_studies.write_report import Layout, write_studies

        recorded = [read_directory(directory) for directory in directories or []]
        if tracking_uri is not None:
            from orchestration.tracking.read_studies import read_server

            recorded += stack.enter_context(read_server(tracking_uri, studies or []))
        if out is None:
            names = "+".join(dict.fromkeys(study.description.study for study in recorded))
            out = directories[0] if directories and len(recorded) == 1 else Path(f"{names}-report")
        layout: Layout = "merge" if merge else "side-by-side" if side_by_side else "auto"
        print(write_studies(recorded, out, _methods_of(recorded), layout))
    raise typer.Exit(COMPLETED)


def _methods_of(recorded: Sequence[RecordedStudy]) -> Methods:
    """What merging calls components by; one study has its names with it, and PyTorch need not be loaded for it."""
    if len(recorded) == 1:
        return {}
    from orchestration.planning.method_catalogue import describe_methods

    return describe_methods().methods


def _check(directories: list[Path], tracking_uri: str | None, studies: list[str], is_both: bool) -> None:
    """Refuse a command line that says too little or too much; all of it at once."""
    from orchestration.process.errors import UsageError

    problems = []
    if not directories and tracking_uri is None:
        problems.append("no study: name directories, or a server with --tracking-uri and --study")
    if tracking_uri is not None and not studies:
        problems.append("--tracking-uri needs --study NAME: which study of the server")
    if studies and tracking_uri is None:
        problems.append("--study names a study on a server: add --tracking-uri URI")
    if is_both:
        problems.append("--merge and --side-by-side: give one of them")
    if problems:
        raise UsageError("\n".join(problems))


def main() -> None:
    """Run the command; raises SystemExit."""
    app()
