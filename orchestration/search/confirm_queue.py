"""The confirm trials of one arm in one cell, seed by seed, as many as the pace allows."""

from __future__ import annotations

from collections.abc import Iterable

from orchestration.search.seed_budget import Pace
from search_spaces.terms.trial import Trial


class ConfirmQueue:
    """trials: (number of the seed, trial); those with lower numbers go first, equal ones in the given order."""

    def __init__(self, arm: str, trials: Iterable[tuple[int, Trial]], pace: Pace) -> None:
        self._arm = arm
        self._pace = pace
        ordered = sorted(trials, key=lambda item: item[0])
        self._pending = {trial.id: (repeat, trial) for repeat, trial in ordered}

    @property
    def next_repeat(self) -> int | None:
        """The number of the seed that would run next; None if nothing may run now."""
        repeat = self._first_repeat()
        return repeat if repeat is not None and self._pace.leave(self._arm, repeat) == "continue" else None

    @property
    def is_exhausted(self) -> bool:
        """True if nothing may ever run again."""
        repeat = self._first_repeat()
        return repeat is None or self._pace.leave(self._arm, repeat) == "stop"

    def pop(self) -> Trial:
        """The next trial. Raises StopIteration where nothing is left."""
        _, trial = self._pending.pop(next(iter(self._pending)))
        return trial

    def restore(self, trial: Trial) -> None:
        """``trial`` was given in an earlier session."""
        self._pending.pop(trial.id, None)

    def _first_repeat(self) -> int | None:
        return next((repeat for repeat, _ in self._pending.values()), None)
