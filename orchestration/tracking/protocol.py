"""The interface of trackers, which show a study while it runs. They read the ledger, and the study never waits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol

StudyStatus = Literal["complete", "interrupted"]
Deadline = Callable[[], float]
"""Time of the monotonic clock until which to wait; it may move closer between two calls."""


def no_deadline() -> float:
    """Wait for as long as it takes."""
    return math.inf


class Tracker(Protocol):
    """Follows a ledger and shows its events elsewhere.

    The driver's process calls ``start`` once, ``wake`` after every durable event, and ``close`` once at the end.
    """

    def start(self) -> None:
        """Start to deliver the events that the ledger has and those that follow."""
        ...

    def wake(self) -> None:
        """The ledger has a new event. Returns at once."""
        ...

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        """Deliver the rest before ``deadline``; returns one line about undelivered events, or None."""
        ...


class NoTracking:
    """A tracker that does nothing."""

    def start(self) -> None:
        """Nothing to begin."""

    def wake(self) -> None:
        """Nothing to do."""

    def close(self, status: StudyStatus, deadline: Deadline = no_deadline) -> str | None:
        return None
