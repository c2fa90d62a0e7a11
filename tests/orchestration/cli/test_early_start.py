"""Ray that starts while a study is planned leaves nothing behind where the plan is refused or stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.crash.processes import users_of
from benchmarks.crash.stopping import left_in
from tests.orchestration.command_line import command, errors_in, write_space


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary directories whose name is short enough for Ray's sockets."""
    with tempfile.TemporaryDirectory(prefix="e", dir="/tmp") as folder:
        yield Path(folder)


def start(tmp_path: Path, temporary: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command on the small space with Ray."""
    return subprocess.Popen(
        command("dmd-search", "--space", str(write_space(tmp_path)), "--out", str(tmp_path / "runs"), *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )


def test_a_plan_that_is_refused_leaves_no_cluster(tmp_path: Path, temporary: Path) -> None:
    # Two equal arms are found once the models are built, when Ray is starting.
    process = start(tmp_path, temporary, "--set", "arms.ablation.rows=[{hetero_gd: false}, {hetero_gd: false}]")
    printed, errors = process.communicate(timeout=120)
    assert (process.returncode, printed) == (2, ""), errors
    assert len(errors_in(errors)) == 1, errors
    assert left_in(temporary) == ()
    assert users_of(temporary) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_while_ray_starts_leaves_nothing(
    number: signal.Signals, tmp_path: Path, temporary: Path
) -> None:
    process = start(tmp_path, temporary)
    deadline = time.monotonic() + 60
    while not any(temporary.glob("dmd-*/session_*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert left_in(temporary) == ()
    assert users_of(temporary) == []
