"""A finished study, small: three folds, a search of the baseline, ridge beside it, two seeds."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from orchestration.cli.search import app

SPACE = """\
study: small
data: {path: "planted:num_videos=9,clips_per_video=2", folds: {by: video, k: 3}}
model: {name: lf_lstm, hidden: 4, fusion: 4, max_epochs: 1}
arms: {models: [ridge], controls: true}
search: {parameters: {learning_rate: {choice: [0.001, 0.03]}}, scope: baseline, trials: 2, searcher: grid}
confirm: {seeds: 2}
"""


def run_search(space: Path, *more: str) -> str:
    """Run a space to its end in this process; what it printed."""
    arguments = ["--space", str(space), "--out", str(space.parent / "runs"), "--executor", "inline", "--quiet", *more]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def make_study(root: Path, text: str = SPACE) -> Path:
    """Its directory."""
    space = root / "space.yaml"
    space.write_text(text)
    run_search(space)
    (study,) = (root / "runs").iterdir()
    return study
