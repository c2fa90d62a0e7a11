"""Arms that are not shown better than the training-median predictor, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.results.metrics import METRICS, Metric
from reports.sections.ablation.median_comparison import MedianComparison, unlearned_of
from reports.sections.ablation.values import ContrastRow
from reports.text.listing import list_names
from reports.text.number_cells import mean_cell
from reports.text.rounding import count, fixed


def headline_sentence(rows: Sequence[ContrastRow], comparisons: Mapping[str, MedianComparison], metric: Metric) -> str:
    """How many declared contrasts have no verdict, and because of which arms; empty if all have one."""
    unjudged = [row for row in rows if row.verdict.kind == "no verdict"]
    if not unjudged:
        return ""
    found = {one.arm.name: one for row in unjudged for one in unlearned_of(row.contrast, comparisons)}
    named = list_names([f"{one.arm.name} ({_numbers(one, metric)})" for one in found.values()], "arms")
    contrasts = "the one declared contrast" if len(rows) == 1 else f"{len(unjudged)} of {len(rows)} declared contrasts"
    return (
        f"**No verdict on {contrasts}: {'an arm' if len(found) == 1 else 'arms'} of "
        f"{'it' if len(unjudged) == 1 else 'them'} {'is' if len(found) == 1 else 'are'} not shown better than the "
        f"training-median predictor: {named}.**"
    )


def median_sentences(comparisons: Mapping[str, MedianComparison], metric: Metric) -> list[str]:
    """A sentence per arm that is worse than the predictor, or not shown better. metric: the primary one."""
    return [sentence for comparison in comparisons.values() if (sentence := _sentence(comparison, metric))]


def _sentence(comparison: MedianComparison, metric: Metric) -> str:
    label = comparison.arm.label
    if comparison.is_worse:
        runs = count(comparison.num_completed, "completed run")
        scores = f"score worse than the training-median predictor ({_numbers(comparison, metric)})"
        if comparison.follows_labels:
            correlation = mean_cell(comparison.correlation, METRICS["corr"])
            return (
                f"The {runs} of {label} {scores}, although the predictions rise with the labels (Corr {correlation}): "
                "it has learned their order, and misses their level or spread."
            )
        return (
            f"{label} diverged or never learned: its {runs} {scores}. A contrast with it measures a failure to train."
        )
    if comparison.is_unlearned:
        gain = mean_cell(comparison.gain, metric, signed=True)
        return (
            f"Not shown better than the training-median predictor: {label}, {_numbers(comparison, metric)}, "
            f"difference {gain}."
        )
    return ""


def _numbers(comparison: MedianComparison, metric: Metric) -> str:
    """``1.452 against 1.401 MAE``."""
    if comparison.own is None or comparison.median is None:
        return "no completed run"
    own, median = (fixed(value, metric.decimals) for value in (comparison.own, comparison.median))
    return f"{own} against {median}{metric.unit} {metric.label}"
