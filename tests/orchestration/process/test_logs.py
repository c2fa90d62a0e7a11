"""Libraries write into the study's logs, never to the terminal; this program's own warnings do both."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.process.logs import LOG_FILE, collect_worker_logs, study_logs

PROGRAM = """
import logging, sys, warnings
from pathlib import Path
from orchestration.process.logs import hand_to_root, quiet_libraries, study_logs
quiet_libraries()
logging.getLogger("torch").warning("early word of a library")
noisy = logging.getLogger("mlflow")
noisy.addHandler(logging.StreamHandler())
noisy.propagate = False
hand_to_root("mlflow")
with study_logs(Path(sys.argv[1])):
    logging.getLogger("ray").error("word of a library")
    logging.getLogger("ray.tune").info("detail of a library")
    noisy.error("word with a handler of its own")
    warnings.warn("a deprecation", DeprecationWarning, stacklevel=1)
    logging.getLogger("orchestration.ledger.ledger").warning("word of our own")
    logging.getLogger("orchestration.ledger.ledger").info("detail of our own")
"""


def test_only_own_warnings_reach_the_terminal_and_everything_reaches_the_file(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "warning: word of our own\n")
    log = (tmp_path / LOG_FILE).read_text()
    words = ["early word", "word of a library", "detail of a library", "handler of its own", "deprecation", "our own"]
    assert [word for word in words if word not in log] == []
    assert log.index("early word") < log.index("ERROR ray: word of a library")


def test_the_handlers_of_others_are_left_as_they_were(tmp_path: Path) -> None:
    before = list(logging.getLogger().handlers)
    with study_logs(tmp_path):
        pass
    assert logging.getLogger().handlers == before


def test_workers_words_are_kept_and_silence_leaves_no_file(tmp_path: Path) -> None:
    session, target = tmp_path / "session", tmp_path / "logs" / "ray"
    session.mkdir()
    (session / "worker-1.err").write_text(":job_id:01000000\nsomething broke\n")
    (session / "worker-2.out").write_text(":job_id:01000000\n")
    (session / "raylet.out").write_text("x" * 3_000_000 + "\nlast line\n")
    (session / "dashboard.log").write_text("not wanted\n")
    collect_worker_logs(session, target)
    assert {path.name for path in target.iterdir()} == {"worker-1.err", "raylet.out"}
    assert (target / "worker-1.err").read_text() == "something broke\n"
    assert (target / "raylet.out").read_text().endswith("last line\n")
    assert (target / "raylet.out").stat().st_size <= 1_000_000
    collect_worker_logs(tmp_path / "nowhere", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here that is always full")
def test_a_log_that_does_not_fit_says_nothing_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / LOG_FILE).symlink_to("/dev/full")
    with study_logs(tmp_path):
        logging.getLogger("library").warning("does not fit")
    assert capsys.readouterr().err == ""
