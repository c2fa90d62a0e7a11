"""``dmd-predict``: predictions of a study's models on new data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli import options
from orchestration.cli.app import ProductCommand, Version, make_app
from orchestration.cli.completion import complete_directories
from orchestration.cli.exit_codes import COMPLETED, bad_input_exits

app = make_app()


@app.command(cls=ProductCommand)
def predict(
    study: Annotated[
        Path, typer.Argument(help="The directory of a study, runs/<study>.", autocompletion=complete_directories)
    ],
    data: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Data in any format that dmd-data reads, with or without labels; or one video's features.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The CSV file to write.")],
    arm: Annotated[str | None, typer.Option(help="Whose models predict. Default: the baseline's.")] = None,
    plugins: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE", help="The Python file that declares the arm's method; repeatable."),
    ] = None,
    data_dir: options.DataDir = None,
    version: Version = False,
) -> None:
    """Predict with every seed (and fold) of the arm's chosen configuration, and write the predictions and their mean.

    Sequences are standardised as in the study. Splits are all predicted, a column names them; labels are not looked at.
    How many of the items the models have seen in training or validation is said, and stands in a column.
    """
    with bad_input_exits():
        from dmd.plugins.load import use_plugins
        from dmd.plugins.plugin_file import read_plugin
        from orchestration.finished_study.predict import predict_new
        from orchestration.process.atomic_files import write_whole
        from orchestration.process.errors import UsageError

        use_plugins([read_plugin(path) for path in plugins or ()])
        predictions = predict_new(study, data, arm, data_dir)
        try:
            write_whole(out, predictions.to_csv().encode())
        except OSError as error:
            raise UsageError(f"{out}: cannot be written ({error.strerror}); choose another place with --out") from error
        models = "1 model" if len(predictions.models) == 1 else f"the mean of {len(predictions.models)} models"
        print(f"{len(predictions.ids)} items, arm {predictions.arm}, {models}", file=sys.stderr)
        print(predictions.describe_seen(), file=sys.stderr)
        print(out)
    raise typer.Exit(COMPLETED)


def main() -> None:
    """Run the command; raises SystemExit."""
    app()
