"""A fixed list of trials: an ablation, a grid, the confirm trials of an arm."""

from __future__ import annotations

from collections.abc import Iterable

from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Trial


class ListedSource:
    """Gives the trials in their order, each once; a trial listed twice is one trial."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._pending = {trial.id: trial for trial in trials}

    def ask(self) -> Trial | None:
        if not self._pending:
            return None
        return self._pending.pop(next(iter(self._pending)))

    def tell(self, record: RunRecord) -> None:
        """A list learns nothing."""

    def restore(self, trial: Trial) -> None:
        self._pending.pop(trial.id, None)

    @property
    def is_exhausted(self) -> bool:
        return not self._pending
