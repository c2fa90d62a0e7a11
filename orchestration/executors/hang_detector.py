"""Which trials have not been heard of for too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection


class SilenceWatch:
    """Tells trials that hang from those that train. limit_s: how long nothing may be heard; None: for ever."""

    def __init__(self, limit_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_s = limit_s
        self._clock = clock
        self._heard: dict[str, float] = {}

    def hear(self, trial: str) -> None:
        """``trial`` has reported."""
        self._heard[trial] = self._clock()

    def look(self, running: Collection[str]) -> list[str]:
        """Those of the ``running`` trials that hang; each is named once. One that was not running begins anew."""
        if self.limit_s is None:
            return []
        now = self._clock()
        self._heard = {trial: self._heard.get(trial, now) for trial in running}
        silent = [trial for trial, heard in self._heard.items() if now - heard > self.limit_s]
        for trial in silent:
            self._heard[trial] = now
        return silent
