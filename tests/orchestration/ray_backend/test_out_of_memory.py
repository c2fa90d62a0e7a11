"""Ray ends workers when a machine's memory is nearly full. That costs trials tries, never the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.crash.memory import GIGABYTE, fill_until, watched_environment
from orchestration.executors.protocol import Resources
from orchestration.ray_backend.executor import RayTuneExecutor
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import listed, run_toy, state_of, toy_of


def is_gone(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.long
def test_a_trial_whose_worker_is_ended_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    for name, value in watched_environment(room=2 * GIGABYTE).items():
        monkeypatch.setenv(name, value)

    def on_event(event):
        if event.kind == "report" and event.data["epoch"] == 2:
            (worker,) = toy_of(tmp_path).processes("begin")
            assert fill_until(lambda: is_gone(worker), most=4 * GIGABYTE)

    executor = RayTuneExecutor(Resources(), num_cpus=1)
    outcome = run_toy(tmp_path, listed([make_trial(1, epochs=4)]), executor, epoch_s=0.5, on_event=on_event)
    assert outcome.num_completed == 1
    (record,) = state_of(tmp_path).records()
    assert (record.attempts, record.num_epochs) == (2, 4)


@pytest.mark.long
def test_a_machine_that_stays_full_fails_its_trials_and_not_the_study(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_memory_usage_threshold", "0.001")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    executor = RayTuneExecutor(Resources(), num_cpus=1)
    outcome = run_toy(tmp_path, listed([make_trial(1, epochs=9)]), executor, epoch_s=1.0)
    assert (outcome.num_failed, outcome.is_interrupted) == (1, False)
    (record,) = state_of(tmp_path).records()
    assert record.attempts == 3
    lost = "the worker was lost in each of 3 attempts: 1 worker(s) were killed due to the node running low on memory"
    assert (record.error or "").startswith(lost)
