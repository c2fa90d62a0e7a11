"""What a study measured for a row of the paper, or why it measured nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.results.estimates import Estimator
from reports.results.metrics import METRICS
from reports.sections.paper_tables.published import Printed
from reports.sections.paper_tables.table import PaperCell, PaperEntry

Printing = Mapping[str, Printed]
"""Metric -> the printed number."""

NO_RUN = "the arm has no confirm run yet"
NOT_SCORED = "this study does not score the metric"


def measured_entry(estimator: Estimator, arm: str, metrics: Sequence[str], printed: Printing) -> PaperEntry:
    """The cells of an arm that the study has.

    Args:
        estimator: the results that the estimates are made from.
        arm: by name.
        metrics: by name, in printed order.
        printed: the paper's numbers; may be empty.
    """
    results = estimator.results
    scored = [metric for metric in metrics if metric in results.metrics]
    counts = results.counts(arm)
    gap = NOT_SCORED if not scored else "" if counts.scored else NO_RUN
    cells = tuple(
        PaperCell(
            METRICS[metric],
            printed.get(metric),
            estimator.arm_mean(arm, metric) if metric in scored and not gap else None,
        )
        for metric in metrics
    )
    return PaperEntry((arm,), None if gap else counts, gap, cells)


def gap_entry(gap: str, metrics: Sequence[str], printed: Printing) -> PaperEntry:
    """The cells of a row that the study has no arm for.

    Args:
        gap: why nothing is measured, in words.
        metrics: by name, in printed order.
        printed: the paper's numbers; may be empty.
    """
    return PaperEntry((), None, gap, tuple(PaperCell(METRICS[name], printed.get(name), None) for name in metrics))
