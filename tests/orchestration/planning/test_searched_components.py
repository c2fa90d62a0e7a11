"""A real study whose search switches a component: its report against what its ledger holds."""

from __future__ import annotations

import csv
from pathlib import Path

from typer.testing import CliRunner

from orchestration.cli.search import app
from tests.orchestration.command_line import records_in

SPACE = """\
study: switched
data: {path: "planted:num_videos=9,clips_per_video=6", folds: {by: video, k: 3}}
model: {name: unimodal, modality: language, width: 8, heads: 2, levels: 1, max_epochs: 1}
search: {parameters: {fd: {choice: [true, false]}}, searcher: grid, trials: 2}
confirm: {seeds: 1}
"""


def test_the_tables_say_what_was_trained(tmp_path: Path) -> None:
    (tmp_path / "switched.yaml").write_text(SPACE)
    arguments = ["--space", str(tmp_path / "switched.yaml"), "--out", str(tmp_path / "runs"), "--executor", "inline"]
    planned = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert "parameters before its search," in planned.output
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    study = tmp_path / "runs" / "switched"
    trained = {
        f"fold {record.fold}": (str(record.settings["fd"]).lower(), str(record.num_parameters))
        for record in records_in(study).values()
        if record.stage == "confirm"
    }
    with (study / "tables" / "cells.csv").open() as file:
        assert {row["cell"]: (row["fd"], row["num_parameters"]) for row in csv.DictReader(file)} == trained
    fixed = (study / "report.md").read_text().partition("Fixed settings:")[2].partition("###")[0]
    assert "- width: 8\n" in fixed
    assert "- fd:" not in fixed
