"""Kill the driver in the middle of a study and run the same command again: it goes on, nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from orchestration.ledger import Ledger, read_events
from orchestration.ledger_state import LedgerState, fold_events
from tests.orchestration.kill_me import NUM_CONFIRM, NUM_EPOCHS, NUM_SEARCH
from tests.orchestration.studies import toy_of
from tests.orchestration.tracked import Store, assert_agrees_with_ledger, reports_in

# MLflow's tables use what SQLAlchemy 2.1 deprecates; the tests read the store through MLflow.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 120


@pytest.fixture
def short_temporary():
    """A place for what a killed Ray leaves behind; its sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="k", ignore_cleanup_errors=True) as path:
        yield path


def start(directory: Path, temporary: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.orchestration.kill_me", str(directory)],
        cwd=REPOSITORY,
        env=os.environ | {"TMPDIR": temporary},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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
        assert process.poll() is None, process.communicate()
        state = state_now(directory)
        if len(state.told) >= num_told and any(trial.epochs for trial in state.running.values()):
            return
        time.sleep(0.02)
    raise AssertionError(f"{num_told} trials did not end within {PATIENCE_S} s")


def end_with(process: subprocess.Popen[str], number: int) -> tuple[str, str, float]:
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    return out, err, time.monotonic() - sent


def times_of(counts: Counter[tuple[str, int]], trial_id: str) -> int:
    return sum(number for (counted, _), number in counts.items() if counted == trial_id)


def test_kill_and_continue(tmp_path, short_temporary):
    process = start(tmp_path, short_temporary)
    wait_for(tmp_path, 4, process)
    end_with(process, signal.SIGKILL)
    finished = set(state_now(tmp_path).told)
    begun_before = toy_of(tmp_path).count("begin")
    assert len(finished) < NUM_SEARCH
    process = start(tmp_path, short_temporary)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (0, "")
    assert f"num_completed={NUM_SEARCH + NUM_CONFIRM}" in out

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


def test_sigterm_saves_everything_and_leaves_nothing_behind(tmp_path, short_temporary):
    process = start(tmp_path, short_temporary)
    wait_for(tmp_path, 2, process)
    out, err, took_s = end_with(process, signal.SIGTERM)
    assert (process.returncode, err) == (0, "")
    assert "is_interrupted=True, undelivered=None" in out
    assert took_s < 10
    assert os.listdir(short_temporary) == []
    state = state_now(tmp_path)
    assert len(state.told) >= 2
    assert state.running
    assert [run.info.status for run in Store(tmp_path).parents] == ["KILLED"]
