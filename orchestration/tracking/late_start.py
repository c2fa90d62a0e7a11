"""A tracker that waits for the first result of a study before it begins.

What delivers to MLflow is a process of its own that imports MLflow and makes a store: seconds of processor time which
the workers, at the start of a study, need for their own imports.
"""

from __future__ import annotations

import threading

from orchestration.tracking.protocol import Deadline, StudyStatus, Tracker, no_deadline

MOST_DELAY_S = 10.0
"""Whoever watches a study whose epochs take minutes sees it by then."""


class LateTracker:
    """Starts ``tracker`` at :meth:`begin`, at the latest after ``delay_s`` seconds or when the study ends."""

    def __init__(self, tracker: Tracker, delay_s: float = MOST_DELAY_S) -> None:
        self._tracker = tracker
        self._has_begun = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(delay_s, self.begin)
        self._timer.daemon = True

    def start(self) -> None:
        """From now on ``delay_s`` seconds may pass."""
        self._timer.start()

    def begin(self) -> None:
        """There is something to show. Calls after the first do nothing."""
        with self._lock:
            if not self._has_begun:
                self._has_begun = True
                self._tracker.start()

    def wake(self) -> None:
        """The ledger has a new event."""
        if self._has_begun:
            self._tracker.wake()

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        """Deliver everything, also of a study that was complete before anything had begun. Of one that was stopped by
        then, the next session delivers it."""
        self._timer.cancel()
        if status == "complete":
            self.begin()
        return self._tracker.close(status, deadline)
