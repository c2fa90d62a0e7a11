"""Stagnation limit: ends a search that has stopped improving."""

from __future__ import annotations

from orchestration.search.objective import Objective
from orchestration.search.trial_source import TrialSource
from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Trial


class StagnationLimit:
    """The trials of a source until it stagnates.

    Every ending counts, also a failure: a search that only fails ends too. Trials that run then still end.

    Args:
        source: gives the trials.
        objective: what must improve.
        patience: how many trials may end in a row without a better value than before.
    """

    def __init__(self, source: TrialSource, objective: Objective, patience: int) -> None:
        self._source = source
        self._objective = objective
        self._patience = patience
        self._best: float | None = None
        self._num_without = 0

    def ask(self) -> Trial | None:
        return None if self.is_exhausted else self._source.ask()

    def tell(self, record: RunRecord) -> None:
        self._source.tell(record)
        value = self._objective.of_record(record) if record.status == "completed" else None
        rank = None if value is None else self._objective.rank(value)
        if rank is not None and (self._best is None or rank < self._best):
            self._best, self._num_without = rank, 0
        else:
            self._num_without += 1

    def restore(self, trial: Trial) -> None:
        self._source.restore(trial)

    @property
    def is_exhausted(self) -> bool:
        return self._num_without >= self._patience or self._source.is_exhausted
