"""All that is wrong with a file, told at once."""

from __future__ import annotations

from dmd.errors import DataError

MAX_SHOWN = 20
"""Beyond this many the first ones have told the story."""


class Problems:
    """Collects the problems of one file, each with the key it was found at."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines: list[str] = []

    def add(self, key: str, message: str) -> None:
        """Note that ``key`` breaks a rule; ``message`` says the rule, the value and what to do.

        A key that several modalities share is told once.
        """
        line = " ".join(f"{self.source}: {key}: {message}".split())
        if line not in self._lines:
            self._lines.append(line)

    def raise_if_any(self) -> None:
        """Raise one DataError with a line per problem, if there is any."""
        if self._lines:
            hidden = len(self._lines) - MAX_SHOWN
            rest = [f"{self.source}: and {hidden} more problems"] if hidden > 0 else []
            raise DataError("\n".join([*self._lines[:MAX_SHOWN], *rest]))
