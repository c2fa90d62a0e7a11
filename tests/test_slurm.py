"""``deploy/study.sbatch``: run as SLURM runs it, with everything real but SLURM itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger_file import read_events
from tests.orchestration import command_line as product

SCRIPT = Path(__file__).parents[1] / "deploy" / "study.sbatch"
STOPS_AT_ONCE = "trap 'exit 130' USR1 TERM; touch started; while :; do sleep 0.1; done"


def submit(place: Path, study: str) -> subprocess.Popen[bytes]:
    """Start the script as job 42. study: what stands in for its ``dmd-search`` line, in bash."""
    tools = place / "bin"
    tools.mkdir(exist_ok=True)
    for name, content in (("scontrol", 'echo "$@" >> requeued'), ("dmd-search", study)):
        (tools / name).write_text(f"#!/bin/bash\n{content}\n")
        (tools / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "SLURM_JOB_ID": "42"}
    return subprocess.Popen(["bash", SCRIPT], cwd=place, env=environment, start_new_session=True)


def wait_for(path: Path, content: bytes, job: subprocess.Popen[bytes]) -> None:
    """Until the file ``path`` has ``content`` in it."""
    deadline = time.monotonic() + 120
    while not path.exists() or content not in path.read_bytes():
        assert job.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def requeued(place: Path) -> str:
    path = place / "requeued"
    return path.read_text() if path.exists() else ""


def test_a_study_at_its_time_limit_is_requeued_and_goes_on(tmp_path: Path) -> None:
    space, runs = product.write_space(tmp_path), tmp_path / "runs"
    arguments = ["--space", str(space), "--out", str(runs), "--executor", "inline", "--set", "confirm.seeds=1"]
    study = f"exec {' '.join(product.command('dmd-search', *arguments))}"
    job = submit(tmp_path, study)
    wait_for(runs / "small" / LEDGER_FILE, b'"kind":"tell"', job)
    # To the script alone, as `B:` has it.
    job.send_signal(signal.SIGUSR1)
    assert (job.wait(timeout=60), requeued(tmp_path)) == (130, "requeue 42\n")
    assert submit(tmp_path, study).wait(timeout=120) == 0
    assert requeued(tmp_path) == "requeue 42\n"
    kinds = [event.kind for event, _ in read_events(runs / "small" / LEDGER_FILE)]
    assert (kinds.count("start"), kinds.count("tell")) == (2, 4 * 3), (
        "two sessions of one study: four arms, three folds"
    )


def test_a_cancelled_job_stays_cancelled(tmp_path: Path) -> None:
    job = submit(tmp_path, STOPS_AT_ONCE)
    wait_for(tmp_path / "started", b"", job)
    job.send_signal(signal.SIGTERM)
    assert (job.wait(timeout=30), requeued(tmp_path)) == (130, "")
