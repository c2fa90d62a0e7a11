"""``dmd-search ui`` on a real study: MLflow answers, says nothing, and is gone when the command is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.orchestration.command_line import command
from tests.orchestration.delivered_study import run_and_write
from tests.orchestration.toy_runner import make_trial


def children_of(process: int) -> list[int]:
    """Of every generation."""
    direct = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [child for number in map(int, direct) for child in (number, *children_of(number))]


@pytest.mark.long
def test_mlflow_is_silent_and_ends_with_the_command(tmp_path: Path) -> None:
    run_and_write(tmp_path / "toy", [make_trial(1)])
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port = opened.getsockname()[1]
    words = command("dmd-search", "ui", str(tmp_path / "toy"), "--port", str(port))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(f"its runs, until Ctrl-C: http://127.0.0.1:{port}/#/experiments/")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
                assert answer.status == 200
            children = children_of(process.pid)
            assert len(children) == 2, "MLflow's program and what serves; no consumers of jobs"
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (output, errors) == ("", "starting MLflow, which takes some seconds\nMLflow has ended\n")
    assert process.returncode == 130
    assert [child for child in children if os.path.exists(f"/proc/{child}")] == []
