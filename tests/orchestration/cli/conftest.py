"""One finished study that the tests of this folder look at."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app

SPACE = """\
study: lines
data: {path: "planted:num_videos=9,clips_per_video=6", folds: {by: video, k: 3}}
model: {name: ridge}
search: {parameters: {weakest: {log_uniform: [0.0001, 0.01]}}, searcher: random, trials: 2}
confirm: {seeds: 1}
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments that ran a study; it lies beside them."""
    directory = tmp_path_factory.mktemp("lines")
    (directory / "lines.yaml").write_text(SPACE)
    arguments = ["--space", str(directory / "lines.yaml"), "--out", str(directory / "runs"), "--executor", "inline"]
    done = CliRunner().invoke(app, [*arguments, "--quiet"])
    assert done.exit_code == 0, done.output
    return arguments
