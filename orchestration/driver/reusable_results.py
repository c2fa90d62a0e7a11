"""Results of other studies that can be reused: a trial in, its record out where one with equal numbers exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reports.records.details import Details
from reports.records.run_record import RunRecord
from search_spaces.terms.trial import Trial


@dataclass(frozen=True)
class ReusableResult:
    """A completed trial of another study.

    Attributes:
        record: as that study recorded it.
        origin: where it comes from, for the reader of a report.
        read_details: reads its per-item outputs; gives None if none were kept.
        read_weights: reads the file of its weights; gives None where there is none at hand.
    """

    record: RunRecord
    origin: str
    read_details: Callable[[], Details | None] = lambda: None
    read_weights: Callable[[], bytes | None] = lambda: None


FindResult = Callable[[Trial], ReusableResult | None]


def find_nothing(trial: Trial) -> ReusableResult | None:
    """The search that finds nothing: no other study is reused."""
    return None


def first_of(searches: Sequence[FindResult]) -> FindResult:
    """Try each search in turn."""

    def find(trial: Trial) -> ReusableResult | None:
        return next((found for search in searches if (found := search(trial)) is not None), None)

    return find
