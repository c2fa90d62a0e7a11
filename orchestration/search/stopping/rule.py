"""Stopping rules: the protocol, and the rule that stops nothing."""

from __future__ import annotations

from typing import Literal, Protocol

from reports.records.run_record import Status
from search_spaces.terms.trial import Trial

Decision = Literal["continue", "stop"]


class StoppingRule(Protocol):
    """Decides after every epoch of a trial whether it goes on.

    The driver calls it, in its own process and thread only: ``report`` for every epoch of a trial in the order of its
    epochs, while epochs of other trials come between them; then ``end`` once. A driver that continues a study repeats
    these calls from the ledger first.
    """

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        """Take in an epoch and decide whether the trial goes on. An epoch reported again changes nothing.

        Args:
            trial: that reports.
            epoch: from 1.
            value: of the objective after it.
        """
        ...

    def end(self, trial: Trial, status: Status) -> None:
        """``trial`` has ended."""
        ...


class NeverStop:
    """Every trial runs to its end."""

    def report(self, trial: Trial, epoch: int, value: float) -> Decision:
        return "continue"

    def end(self, trial: Trial, status: Status) -> None:
        """Nothing to remember."""
