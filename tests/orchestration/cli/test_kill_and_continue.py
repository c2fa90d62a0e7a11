"""Kill the driver in the middle of a study and run the same command again: it goes on, nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.crash.processes import descendants, users_of
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.ledger_file import read_events
from orchestration.ledger.state import LedgerState, fold_events
from tests.orchestration.mlflow_store import Store, assert_agrees_with_ledger, reports_in
from tests.orchestration.study_to_kill import NUM_CONFIRM, NUM_EPOCHS, NUM_SEARCH
from tests.orchestration.toy_studies import toy_of

# MLflow's tables use what SQLAlchemy 2.1 deprecates; the tests read the store through MLflow.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

REPOSITORY = Path(__file__).parents[3]
PATIENCE_S = 240


@pytest.fixture
def short_temporary():
    """A place for what a killed Ray leaves behind; its sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="k", ignore_cleanup_errors=True) as path:
        yield path


def start(directory: Path, temporary: str) -> subprocess.Popen[str]:
    # Files, not pipes: a killed driver's Ray processes keep a pipe open for as long as they live.
    with (directory / "out").open("w") as out, (directory / "err").open("w") as err:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.orchestration.study_to_kill", str(directory)],
            cwd=REPOSITORY,
            env=os.environ | {"TMPDIR": temporary},
            stdout=out,
            stderr=err,
            text=True,
        )


def wait_for_end(directory: Path, process: subprocess.Popen[str]) -> str:
    """What the program printed; it must have ended well and without noise."""
    code = process.wait(timeout=PATIENCE_S)
    assert (code, (directory / "err").read_text()) == (0, "")
    return (directory / "out").read_text()


def state_now(directory: Path) -> LedgerState:
    """The state of a ledger that another process is writing: read from a copy, whose last line may be cut off."""
    path, copy = directory / "ledger.jsonl", directory / "copy-of-ledger"
    if not path.exists():
        return LedgerState()
    copy.write_bytes(path.read_bytes())
    return fold_events(event for event, _ in read_events(copy))


def wait_for(directory: Path, num_told: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, (directory / "err").read_text()
        state = state_now(directory)
        if len(state.ended) >= num_told and any(trial.epochs for trial in state.running.values()):
            return
        time.sleep(0.02)
    raise AssertionError(f"{num_told} trials did not end within {PATIENCE_S} s")


def times_of(counts: Counter[tuple[str, int]], trial_id: str) -> int:
    return sum(number for (counted, _), number in counts.items() if counted == trial_id)


def test_kill_and_continue(tmp_path, short_temporary):
    process = start(tmp_path, short_temporary)
    wait_for(tmp_path, 4, process)
    process.kill()
    process.wait(timeout=PATIENCE_S)
    finished = set(state_now(tmp_path).ended)
    begun_before = toy_of(tmp_path).count("begin")
    assert len(finished) < NUM_SEARCH
    process = start(tmp_path, short_temporary)
    assert f"num_completed={NUM_SEARCH + NUM_CONFIRM}" in wait_for_end(tmp_path, process)

    with Ledger(tmp_path) as ledger:
        events = list(ledger.events())
    state = fold_events(events)
    records = state.records()
    assert Counter(record.stage for record in records) == {"search": NUM_SEARCH, "confirm": NUM_CONFIRM}
    assert not state.running
    tells = Counter(event.trial_id for event in events if event.kind == "tell")
    assert set(tells.values()) == {1}
    assert all(record.num_epochs == NUM_EPOCHS for record in records)

    toy = toy_of(tmp_path)
    begun_after = toy.count("begin")
    for trial_id in finished:
        assert (times_of(begun_before, trial_id), times_of(begun_after, trial_id)) == (1, 1)
    # A trial that ran at the kill may compute the epoch of that moment again: there were two workers.
    assert toy.count("epoch").total() <= NUM_EPOCHS * (NUM_SEARCH + NUM_CONFIRM) + 2

    store = Store(tmp_path)
    assert_agrees_with_ledger(store, records, reports_in(events))
    assert len(store.parents) == 1


def to_the_program(number: signal.Signals, process: subprocess.Popen[str]) -> None:
    process.send_signal(number)


def to_everything_it_started(number: signal.Signals, process: subprocess.Popen[str]) -> None:
    """As ``srun`` and ``scancel`` do."""
    for pid in (*descendants(process.pid), process.pid):
        # Not all live as long as it takes to name them.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGTERM, to_the_program), (signal.SIGUSR1, to_everything_it_started)],
    ids=["SIGTERM", "SIGUSR1"],
)
def test_a_signal_saves_everything_and_leaves_nothing_behind(number, send, tmp_path, short_temporary):
    process = start(tmp_path, short_temporary)
    wait_for(tmp_path, 2, process)
    asked_at = time.monotonic()
    send(number, process)
    assert "is_interrupted=True, limit=None, undelivered=None" in wait_for_end(tmp_path, process)
    assert time.monotonic() - asked_at < 15
    assert os.listdir(short_temporary) == []
    assert users_of(Path(short_temporary)) == []
    state = state_now(tmp_path)
    assert len(state.ended) >= 2
    assert state.running
    assert [run.info.status for run in Store(tmp_path).parents] == ["KILLED"]
