"""How long a study has run, all its sessions together, counted from its events."""

from __future__ import annotations

from orchestration.ledger.events import CheckedLine, Event


class SessionTime:
    """The wall time of a study, its sessions together, from their events."""

    def __init__(self) -> None:
        self._earlier_ms = 0
        self._session: tuple[int, int] | None = None

    @property
    def last_ms(self) -> int | None:
        """When the latest event was; None before any."""
        return None if self._session is None else self._session[1]

    def see(self, event: Event | CheckedLine) -> None:
        """Take in the next event of the ledger, or its line."""
        if event.kind == "start":
            self._earlier_ms = self.used_ms()
            self._session = (event.at_ms, event.at_ms)
        elif self._session is not None:
            self._session = (self._session[0], event.at_ms)

    def used_ms(self, now_ms: int | None = None) -> int:
        """Milliseconds of all sessions, the present one up to ``now_ms``, or to its last event."""
        if self._session is None:
            return 0
        began, last = self._session
        return self._earlier_ms + (last if now_ms is None else now_ms) - began
