"""A finished study, small: three folds, a search of the baseline, ridge beside it, two seeds; no MLflow, no report."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration import launch
from orchestration.cli.search import app
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.tracking.protocol import NoTracking
from search_spaces.loading.load import load

SPACE = """\
study: small
data: {path: "planted:num_videos=9,clips_per_video=2", folds: {by: video, k: 3}}
model: {name: lf_lstm, hidden: {language: 4, audio: 4, vision: 4}, fusion: 4, max_epochs: 1}
arms: {models: [ridge], controls: true}
search: {parameters: {learning_rate: {choice: [0.001, 0.03]}}, scope: baseline, trials: 2, searcher: grid}
confirm: {seeds: 2}
"""


class _Untracked(NoTracking):
    """In the place of MLflow's tracker, which takes longer than the study."""

    notes = ()


def run_study(root: Path, only: tuple[str, ...] = (), reuse: tuple[str, ...] = ()) -> Path:
    """Run the study below ``root``; its directory. The space lies beside it as ``space.yaml``."""
    space = root / "space.yaml"
    space.write_text(SPACE)
    study = StudyDirectory(root / "runs" / "small")
    options = launch.LaunchOptions(executor="inline", is_quiet=True, reuse=reuse)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "MlflowTracker", lambda *args, **options: _Untracked())
        outcome = launch.launch(prepare(load(space, describe_methods()), None, only=only), study, options)
    assert outcome.num_failed == 0
    return study.path


def run_search(space: Path, *more: str) -> str:
    """What ``dmd-search`` prints on stdout."""
    arguments = ["--space", str(space), "--out", str(space.parent / "runs"), "--executor", "inline", "--quiet", *more]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout
