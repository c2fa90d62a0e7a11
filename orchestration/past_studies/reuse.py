"""Reuse of results: from directories of studies, and from MLflow stores by their address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.driver.reusable_results import FindResult, find_nothing, first_of
from orchestration.past_studies.reuse_directories import ledgers_in, results_in
from orchestration.process.errors import UsageError


def require_places(places: Sequence[str]) -> None:
    """Refuse what cannot hold results before anything is planned; raises UsageError naming every such place."""
    problems = []
    for place in places:
        try:
            if "://" not in place:
                ledgers_in(Path(place))
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))


def find_results(places: Sequence[str], context: str) -> FindResult:
    """Looks for a trial in every place, in the given order. context: of the trials of this study.

    Raises UsageError for a place that is no study and no store.
    """
    return first_of([_look_in(place, context) for place in places]) if places else find_nothing


def _look_in(place: str, context: str) -> FindResult:
    if "://" not in place:
        return results_in(Path(place), context)
    # MLflow takes seconds to import.
    from orchestration.tracking.read_results import results_at

    return results_at(place, context)
