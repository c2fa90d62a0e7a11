"""The seam between what proposes trials and everything else: a list and a search look the same from outside."""

from __future__ import annotations

from typing import Protocol

from reports.records.record import RunRecord
from search_spaces.terms.trial import Trial


class TrialSource(Protocol):
    """Gives trials and learns from how they ended.

    A driver that continues a study calls :meth:`restore` and :meth:`tell` in the order of the ledger, before the first
    ``ask``; the source is then in the state it was in.
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
