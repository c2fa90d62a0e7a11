"""The seam to whatever shows the study to people while it runs. It reads the ledger; nobody waits for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

StudyStatus = Literal["complete", "interrupted"]
Deadline = Callable[[], float]
"""Until when, by the monotonic clock, anybody is waited for; it may come nearer at any time."""


def no_deadline() -> float:
    """For as long as it takes."""
    return math.inf


class Tracker(Protocol):
    """Follows a ledger and shows its events elsewhere."""

    def start(self) -> None:
        """Begin to deliver what the ledger holds and what it will hold."""
        ...

    def wake(self) -> None:
        """The ledger has a new event. Returns at once."""
        ...

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        """The study ends: deliver what is left, by ``deadline``. One line saying what stays undelivered, or None."""
        ...


class NoTracking:
    """Shows nothing to anyone."""

    def start(self) -> None:
        """Nothing to begin."""

    def wake(self) -> None:
        """Nothing to do."""

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        return None
