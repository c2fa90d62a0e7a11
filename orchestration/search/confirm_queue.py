"""The confirm trials of one arm in one cell, seed by seed, as many seeds as the seed budget allows."""

from __future__ import annotations

from collections.abc import Iterable

from orchestration.search.seed_budget import SeedBudget
from search_spaces.terms.trial import Trial


class ConfirmQueue:
    """Confirm trials in the order of their seeds.

    Args:
        arm: whose trials these are.
        trials: (seed index, trial); lower indices go first, equal ones in the given order.
        seed_budget: decides how many seeds the arm runs.
    """

    def __init__(self, arm: str, trials: Iterable[tuple[int, Trial]], seed_budget: SeedBudget) -> None:
        self._arm = arm
        self._seed_budget = seed_budget
        ordered = sorted(trials, key=lambda item: item[0])
        self._pending = {trial.id: (seed_index, trial) for seed_index, trial in ordered}

    @property
    def next_seed_index(self) -> int | None:
        """Index of the seed that would run next; None if nothing may run now."""
        seed_index = self._first_seed_index()
        if seed_index is None or self._seed_budget.decide(self._arm, seed_index) != "continue":
            return None
        return seed_index

    @property
    def is_exhausted(self) -> bool:
        """True if nothing may ever run again."""
        seed_index = self._first_seed_index()
        return seed_index is None or self._seed_budget.decide(self._arm, seed_index) == "stop"

    def pop(self) -> Trial:
        """The next trial. Raises StopIteration where nothing is left."""
        _, trial = self._pending.pop(next(iter(self._pending)))
        return trial

    def restore(self, trial: Trial) -> None:
        """``trial`` was given in an earlier session."""
        self._pending.pop(trial.id, None)

    def _first_seed_index(self) -> int | None:
        return next((seed_index for seed_index, _ in self._pending.values()), None)
