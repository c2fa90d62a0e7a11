"""Arms whose training went wrong while they were tuned."""

from __future__ import annotations

from reports.sections.tuning.values import Budget
from reports.text.rounding import count

MANY_FAILED = 0.2
"""From this share of failed trials on, a search has seen only a part of the range that it was given."""


def failing_searches(budget: Budget) -> list[str]:
    """A sentence per arm that lost many of its search trials."""
    sentences = []
    for arm, searches in budget.by_arm().items():
        # What was lost with its machine says nothing of the range.
        failed = sum(search.failed - search.lost for search in searches)
        trials = sum(search.num_trials for search in searches)
        if failed >= MANY_FAILED * trials:
            sentences.append(
                f"{arm}: {failed} of {count(trials, 'search trial')} failed. Its tuning saw only the part of the range "
                "where training works; narrow the range."
            )
    return sentences
