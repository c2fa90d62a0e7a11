"""``--dry-run``: what a packaged space would do, said before anything starts, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from search_spaces.loading.packaged import packaged_spaces

SMALL = "data.path='planted:num_videos=9,clips_per_video=60'"
THREE_FOLDS = "data.folds={by: video, k: 3}"


def dry_run(name: str, out: Path, *more: str) -> str:
    arguments = ["--space", name, "--out", str(out), "--set", SMALL, "--set", THREE_FOLDS, "--dry-run", *more]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert not out.exists()
    return done.output


@pytest.mark.parametrize("name", packaged_spaces())
def test_a_packaged_space_says_its_arms_its_trials_and_its_cost(name: str, tmp_path: Path) -> None:
    said = json.loads(dry_run(name, tmp_path / "runs", "--json"))
    assert set(said) == {"study", "arms", "num_trials", "stages", "estimate", "detectable"}
    assert said["num_trials"] == said["stages"]["search"] + said["stages"]["confirm"] > 0
    assert set(said["estimate"]["arm_trial_s"]) == set(said["arms"])
    assert said["estimate"]["wall_s"] > 0


def test_a_person_reads_the_same(tmp_path: Path) -> None:
    lines = dry_run("unimodal", tmp_path / "runs").splitlines()
    assert lines[0] == "study mosi-unimodal: 8 arms, 3 cells (folds), 3 confirm seeds"
    assert [line.split()[0] for line in lines[1:9]] == [
        "dmd", "language", "language-fd", "audio", "audio-fd", "vision", "vision-fd", "median"
    ]  # fmt: skip
    assert "trials: 126 search + 72 confirm = 198" in lines


def test_one_process_and_a_cluster_are_not_both_meant(tmp_path: Path) -> None:
    chosen = ["--space", "quickstart", "--out", str(tmp_path / "runs"), "--address", "auto", "--executor", "inline"]
    done = CliRunner().invoke(app, chosen)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: --address: ")
    assert "--executor inline" in done.stderr
