"""A trial that hangs is ended and goes on; one that waits for its turn, or reports, is left alone."""

from __future__ import annotations

import os
import signal

from orchestration.executors.hang_detector import HangDetector
from orchestration.executors.protocol import Resources
from orchestration.ray_backend.executor import RayTuneExecutor
from tests.orchestration.toy_runner import make_trial
from tests.orchestration.toy_studies import listed, run_toy, state_of, toy_of


def test_the_clock_of_a_trial_begins_when_it_runs_and_anew_with_every_report():
    now = [0.0]
    detector = HangDetector(10, lambda: now[0])
    assert detector.find_hung(["a"]) == []
    now[0] = 9
    detector.report("a")
    now[0] = 18
    assert detector.find_hung(["a", "b"]) == []
    now[0] = 20
    assert detector.find_hung(["a", "b"]) == ["a"]
    assert detector.find_hung(["a", "b"]) == [], "named once"
    now[0] = 29
    assert detector.find_hung(["b"]) == ["b"]
    assert detector.find_hung(["a"]) == [], "its next attempt begins anew"
    assert HangDetector(None, lambda: now[0]).find_hung(["a"]) == []


def test_a_trial_that_hangs_is_tried_again_from_its_checkpoint(tmp_path):
    trial = make_trial(1, epochs=4)

    def stop_worker(event):
        if event.kind == "report" and event.data["epoch"] == 2:
            for process in toy_of(tmp_path).processes("begin"):
                os.kill(int(process), signal.SIGSTOP)

    executor = RayTuneExecutor(Resources(), num_cpus=1, trial_timeout_s=4.0)
    outcome = run_toy(tmp_path, listed([trial]), executor, on_event=stop_worker)
    assert outcome.num_completed == 1
    (record,) = state_of(tmp_path).records()
    assert (record.attempts, record.num_epochs) == (2, 4)
    assert set(toy_of(tmp_path).count("epoch").values()) == {1}
