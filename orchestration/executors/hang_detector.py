"""Hang detection: which running trials have not reported for longer than allowed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection


class HangDetector:
    """Tells trials that hang from those that train.

    Args:
        limit_s: seconds without a report after which a trial counts as hung; None: never.
        clock: seconds that never run backwards.
    """

    def __init__(self, limit_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_s = limit_s
        self._clock = clock
        self._reported_at: dict[str, float] = {}

    def report(self, trial: str) -> None:
        """``trial`` has reported an epoch."""
        self._reported_at[trial] = self._clock()

    def find_hung(self, running: Collection[str]) -> list[str]:
        """Those of the ``running`` trials that hang, each once per limit.

        A trial that was not running at the last call counts from this one.
        """
        if self.limit_s is None:
            return []
        now = self._clock()
        self._reported_at = {trial: self._reported_at.get(trial, now) for trial in running}
        hung = [trial for trial, reported_at in self._reported_at.items() if now - reported_at > self.limit_s]
        for trial in hung:
            self._reported_at[trial] = now
        return hung
