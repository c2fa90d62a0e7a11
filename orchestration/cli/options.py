"""Options of the commands, each declared once: names, help, and what a shell completes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.cli.completion import complete_spaces
from orchestration.cli.method_pages import print_method, print_schema

_SPACE = typer.Option(
    "--space",
    metavar="FILE|NAME",
    help="A YAML file, or the name of a packaged search space.",
    autocompletion=complete_spaces,
)
Space = Annotated[str, _SPACE]
SpaceToRun = Annotated[str | None, _SPACE]
"""Required, too, unless one of the commands below ``dmd-search`` is named."""
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the space; repeatable."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="ARM", help="Run only this arm, with the search it needs; repeatable."),
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin", metavar="FILE", is_eager=True, help="A Python file that declares methods of your own; repeatable."
    ),
]
Reuse = Annotated[
    list[str] | None,
    typer.Option(
        "--reuse", metavar="DIR|URI", help="Reuse identical trials from this study, folder of studies or MLflow store."
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Archive the existing study and start a new one."),
]

Out = Annotated[Path, typer.Option(metavar="DIR", help="Folder for study directories.")]
DataDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", envvar="DMD_DATA_DIR", help="Folder of data files."),
]
TrackingUri = Annotated[
    str | None,
    typer.Option(metavar="URI", help="MLflow server or database. Default: SQLite in the study directory."),
]
Address = Annotated[
    str | None,
    typer.Option(metavar="RAY", help="A running Ray cluster: auto, HOST:PORT or ray://HOST:PORT."),
]
ExecutorName = Annotated[
    Literal["ray", "inline"],
    typer.Option(help="inline: one trial at a time in this process, without Ray."),
]

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print arms, trials and the estimated cost; start nothing."),
]
ReportOnly = Annotated[
    bool,
    typer.Option("--report-only", help="Write a report from the results so far; run nothing."),
]
ExportConfig = Annotated[
    str | None,
    typer.Option(
        "--export-config",
        metavar="ARM",
        help="Write the arm's configuration as a search space of its own; run nothing. With folds: the best mean where "
        "all tried the same, else what most chose, else the choice nearest to all of them.",
    ),
]
Fold = Annotated[
    int | None,
    typer.Option("--fold", metavar="K", help="With --export-config: what this fold alone chose."),
]
Describe = Annotated[
    str | None,
    typer.Option(
        "--describe",
        metavar="METHOD",
        is_eager=True,
        callback=print_method,
        help="Print a page on a method: settings, components, losses, presets; a plugin stands before it.",
    ),
]
Schema = Annotated[
    bool,
    typer.Option(
        "--schema",
        is_eager=True,
        callback=print_schema,
        help="Print the JSON schema of search spaces, for editors; those of plugins stand before it.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not print progress.")]
