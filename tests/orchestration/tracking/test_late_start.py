"""Tracking begins with the first result, after a while without one, and at the end in any case; only once."""

from __future__ import annotations

import threading

from orchestration.tracking.late_start import LateTracker
from orchestration.tracking.protocol import Deadline, StudyStatus, no_deadline


class Recorder:
    """A tracker that writes down what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.has_started = threading.Event()

    def start(self) -> None:
        self.calls.append("start")
        self.has_started.set()

    def wake(self) -> None:
        self.calls.append("wake")

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        self.calls.append(status)
        return "two events are left"


def test_events_before_the_first_result_wake_nobody() -> None:
    recorder = Recorder()
    tracker = LateTracker(recorder, delay_s=60)
    tracker.start()
    tracker.wake()
    assert recorder.calls == []
    tracker.begin()
    tracker.begin()
    tracker.wake()
    assert tracker.close("complete") == "two events are left"
    assert recorder.calls == ["start", "wake", "complete"]


def test_a_study_without_any_result_is_delivered_when_it_ends() -> None:
    recorder = Recorder()
    tracker = LateTracker(recorder, delay_s=60)
    tracker.start()
    tracker.close("complete")
    assert recorder.calls == ["start", "complete"]


def test_a_study_that_is_stopped_before_any_result_waits_for_nothing() -> None:
    recorder = Recorder()
    tracker = LateTracker(recorder, delay_s=60)
    tracker.start()
    assert tracker.close("interrupted") == "two events are left"
    assert recorder.calls == ["interrupted"]


def test_whoever_watches_a_slow_first_epoch_sees_the_study_after_a_while() -> None:
    recorder = Recorder()
    tracker = LateTracker(recorder, delay_s=0.01)
    tracker.start()
    assert recorder.has_started.wait(10)
    tracker.close("complete")
    assert recorder.calls == ["start", "complete"]
