"""The seam to results that exist elsewhere: a trial in, its record out where one with equal numbers is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.records.details import Details
from reports.records.record import RunRecord
from search_spaces.terms.trial import Trial


@dataclass(frozen=True)
class KnownResult:
    """A completed trial of another study.

    origin: where it comes from, for the reader of a report. read_details: what it shows of every test item; None where
    nothing was kept.
    """

    record: RunRecord
    origin: str
    read_details: Callable[[], Details | None] = lambda: None


FindResult = Callable[[Trial], KnownResult | None]


def nothing_known(trial: Trial) -> KnownResult | None:
    """No other study is looked at."""
    return None


def first_of(places: Sequence[FindResult]) -> FindResult:
    """Looks in each place in turn."""

    def find(trial: Trial) -> KnownResult | None:
        return next((known for place in places if (known := place(trial)) is not None), None)

    return find
