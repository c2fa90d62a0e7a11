"""``dmd-data``: inspect a data file, convert it, print the folds of a study, or generate planted data."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import options
from orchestration.cli.app import ProductCommand, Version, make_app
from orchestration.cli.exit_codes import COMPLETED, bad_input_exits

GroupKey = Annotated[
    str | None, typer.Option(help="Key of every split with the group (video, dialogue) of each item; `id`: no groups.")
]
GroupPattern = Annotated[
    str | None, typer.Option(help="Regular expression for the ids; its first parenthesis is the group.")
]

Modalities = Annotated[str | None, typer.Option(metavar="NAMES", help="Modalities of the data, as language,audio.")]
LabelScale = Annotated[str | None, typer.Option(metavar="LOW,HIGH,NEUTRAL", help="The scale of the labels, as -1,1,0.")]
Labels = Annotated[
    str | None,
    typer.Option(metavar="KIND[:NAMES]", help="What the labels are, as classes:angry,happy or binaries:angry,happy."),
]
Steps = Annotated[
    str | None,
    typer.Option(
        metavar="words|own|mean",
        help="Of a folder of .csd files: one step per word, the steps as they are, or one step per clip.",
    ),
]
LabelKey = Annotated[
    str | None, typer.Option(metavar="KEYS", help="The key of the labels, or one for each name, joined by commas.")
]

app = make_app(no_args_is_help=True)


@app.callback()
def data(version: Version = False) -> None:
    """Inspect a data file, convert it, print the folds of a study, or generate planted data."""


@app.command(cls=ProductCommand)
def inspect(
    data: Annotated[str, typer.Argument(help="A data file or folder, a name in --data-dir, or `planted`.")],
    data_dir: options.DataDir = None,
    group_key: GroupKey = None,
    group_pattern: GroupPattern = None,
    label_scale: LabelScale = None,
    modalities: Modalities = None,
    labels: Labels = None,
    label_key: LabelKey = None,
    steps: Steps = None,
) -> None:
    """Print shapes, lengths, labels, groups, non-finite counts, the content hash, and which published file it is."""
    with bad_input_exits():
        from dmd.data.formats.load import find_data, open_dataset
        from dmd.data.inspection.inspect import format_summary, inspect_dataset
        from dmd.data.inspection.known_files import digest_of
        from orchestration.planning.data_declaration import declared_with

        declared = declared_with(group_key, group_pattern, label_scale, modalities, labels, label_key, steps)
        dataset, path = open_dataset(data, data_dir, declared), find_data(data, data_dir)
        sha256 = digest_of(path) if path is not None and path.is_file() else None
        print(format_summary(inspect_dataset(dataset, sha256)))
    raise typer.Exit(COMPLETED)


@app.command(cls=ProductCommand)
def convert(
    source: Annotated[str, typer.Argument(help="A data file or folder, a name in --data-dir, or `planted`.")],
    target: Annotated[Path, typer.Argument(help="The folder to write; it must not exist.")],
    data_dir: options.DataDir = None,
    group_key: GroupKey = None,
    group_pattern: GroupPattern = None,
    label_scale: LabelScale = None,
    modalities: Modalities = None,
    labels: Labels = None,
    label_key: LabelKey = None,
    steps: Steps = None,
) -> None:
    """Convert a data file to a memory-mapped folder, for data that do not fit in memory."""
    with bad_input_exits():
        from dmd.data.formats.load import convert_dataset
        from dmd.data.inspection.inspect import format_summary, inspect_dataset
        from orchestration.planning.data_declaration import declared_with
        from orchestration.process.atomic_files import put_in_place

        declared = declared_with(group_key, group_pattern, label_scale, modalities, labels, label_key, steps)
        print(format_summary(inspect_dataset(convert_dataset(source, target, data_dir, declared, put_in_place))))
        print(target)
    raise typer.Exit(COMPLETED)


@app.command(cls=ProductCommand)
def folds(
    space: options.Space,
    data_dir: options.DataDir = None,
    overrides: options.Overrides = None,
    plugins: options.Plugins = None,
) -> None:
    """Print as CSV which items train, validate and test in every fold, for other code that predicts for the study."""
    with bad_input_exits():
        from dmd.data.formats.load import open_dataset
        from orchestration.planning.data_declaration import declared_by
        from orchestration.planning.fold_table import COLUMNS, fold_rows
        from orchestration.planning.load_space import load_space
        from orchestration.planning.plan_study import fold_plan
        from search_spaces.design.plan import plan_cells
        from search_spaces.loading.document import read_document
        from search_spaces.loading.packaged import find_space

        checked = load_space(read_document(find_space(space)), tuple(overrides or ()), tuple(plugins or ())).space
        dataset = open_dataset(checked.data.path, data_dir, declared_by(checked))
        rows = fold_rows(dataset, plan_cells(checked, dataset.num_file_folds), fold_plan(checked))
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        # At once, so that `| head` does not end the command half-way where output is not buffered.
        sys.stdout.write(table.getvalue())
    raise typer.Exit(COMPLETED)


@app.command(cls=ProductCommand)
def make(
    path: Annotated[Path, typer.Argument(help="File to write, in the pickle layout of MMSA.")],
    seed: Annotated[int, typer.Option(help="Seed of the generator.")] = 0,
    interaction: Annotated[float, typer.Option(min=0, max=1, help="Strength of the cross-modal interaction.")] = 1.0,
    target: Annotated[
        str, typer.Option(help="What is predicted: regression, classes, binaries or several.")
    ] = "regression",
) -> None:
    """Write generated data with a known structure, to try the product and to check its statistics."""
    with bad_input_exits():
        from dmd.data.formats.planted import planted_bytes
        from dmd.data.formats.planted_spec import parse_planted_name
        from orchestration.process.atomic_files import put_in_place
        from orchestration.process.errors import UsageError

        content = planted_bytes(parse_planted_name(f"planted:seed={seed},interaction={interaction},target={target}"))
        try:
            with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
                unfinished = Path(folder, path.name)
                unfinished.write_bytes(content)
                put_in_place({unfinished: path})
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
        print(path)
    raise typer.Exit(COMPLETED)


def main() -> None:
    """Run the command; raises SystemExit."""
    app()
