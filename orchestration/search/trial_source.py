"""Trial sources: what proposes trials; a list and a search have the same interface."""

from __future__ import annotations

from typing import Protocol

from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Trial


class TrialSource(Protocol):
    """Gives trials and learns from how they ended.

    The driver calls it, in its own process and thread only. A driver that continues a study first calls
    :meth:`restore` and :meth:`tell` in the order of the ledger, which puts the source into the state it was in. Then
    it calls :meth:`ask` whenever a slot is free, and :meth:`tell` once for every trial that has ended, in the order of
    endings, which need not be the order of asking.
    """

    def ask(self) -> Trial | None:
        """The next trial; None if there is none to give until something is told, or ever."""
        ...

    def tell(self, record: RunRecord) -> None:
        """A trial of this source has ended."""
        ...

    def restore(self, trial: Trial) -> None:
        """``trial`` was asked for in an earlier session: it counts as given."""
        ...

    @property
    def is_exhausted(self) -> bool:
        """True if ``ask`` will never give a trial again, whatever is told."""
        ...
