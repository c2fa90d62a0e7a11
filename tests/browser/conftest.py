"""A real small study, its report, an MLflow server that shows it, and a browser to look at both."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser, open_browser
from tests.orchestration.command_line import command, run
from tests.orchestration.open_sockets import free_port

SPACE = """\
study: small
data:
  path: "planted:num_videos=12,clips_per_video=6"
  folds: {by: video, k: 3}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 3, gd.size_homo: 4}
arms:
  ablation: {components: [fd, homo_gd, ca, hetero_gd], design: published}
  models: [ridge]
  controls: true
search:
  parameters: {learning_rate: {log_uniform: [0.001, 0.01]}, lambda1: {log_uniform: [0.01, 1.0]}}
  scope: baseline
  searcher: random
  trials: 6
confirm: {seeds: 2}
"""

SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a study that ran through the command line to its end, and was moved then."""
    root = tmp_path_factory.mktemp("browser")
    space = root / "small.yaml"
    space.write_text(SPACE)
    done = run("dmd-search", "--space", str(space), "--out", str(root / "runs"), "--executor", "inline", "--quiet")
    assert done.returncode == 0, done.stderr
    return (root / "runs" / "small").rename(root / "moved")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"not found: {' and '.join(missing)}. On Debian: apt-get install chromium chromium-driver")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with open_browser(SCREENSHOTS) as browser:
        yield browser


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """The browser on an empty page, wide and light, with nothing recorded."""
    chromium.reset()
    return chromium


@pytest.fixture(scope="session")
def mlflow_server(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the MLflow server that ``dmd-search ui`` starts on the study."""
    port = free_port()
    log = tmp_path_factory.mktemp("mlflow") / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command("dmd-search", "ui", str(study), "--port", str(port)),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _wait_until_up(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"MLflow did not come up: {log.read_text()}")
