"""The first study that somebody runs: one declared difference is real and is shown, the other is not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.orchestration.command_line import run

CLAIMED = {"better", "worse"}


@pytest.mark.long
def test_the_quickstart_shows_what_was_planted_and_nothing_else(tmp_path: Path) -> None:
    done = run("dmd-search", "--space", "quickstart", "--out", str(tmp_path), "--executor", "inline", "--quiet")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "quickstart" / "tables" / "contrasts.csv").open(newline="") as lines:
        verdicts = {row["second"]: row["verdict"] for row in csv.DictReader(lines) if row["is_primary"] == "true"}
    assert verdicts["no-ca"] == "better"
    assert verdicts["no-homo_gd"] not in CLAIMED
    text = (tmp_path / "quickstart" / "report.md").read_text()
    beginning = text[: text.index("## Main table")]
    assert "**In 1 of 2 declared contrasts a difference is shown for both questions: " in beginning
    assert "**How the data were planted**, which no model is told: 65% of the label" in beginning
