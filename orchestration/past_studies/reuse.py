"""Reuse of results: from directories of studies, and from MLflow stores by their address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.driver.reusable_results import FindResult, find_nothing, first_of
from orchestration.past_studies.reuse_directories import ledgers_in, results_in
from orchestration.process.errors import UsageError


def require_sources(sources: Sequence[str]) -> None:
    """Refuse what cannot hold results before anything is planned; raises UsageError that names every such source."""
    problems = []
    for source in sources:
        try:
            if "://" not in source:
                ledgers_in(Path(source))
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))


def find_results(sources: Sequence[str], contexts: Sequence[str]) -> FindResult:
    """Look for a trial in every source, in the given order. contexts: of the trials of this study.

    Raises UsageError for a source that is neither a study nor a store.
    """
    if not sources:
        return find_nothing
    return first_of([_look_in(source, context) for source in sources for context in contexts])


def _look_in(source: str, context: str) -> FindResult:
    if "://" not in source:
        return results_in(Path(source), context)
    # MLflow takes seconds to import.
    from orchestration.tracking.read_results import results_at

    return results_at(source, context)
