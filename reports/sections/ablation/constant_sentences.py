"""Arms that are not shown better than the constant predictor, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.records.target import Target
from reports.results.metrics import METRICS, Metric
from reports.sections.ablation.constant_comparison import ConstantComparison, unlearned_of
from reports.sections.ablation.values import ContrastRow
from reports.text.listing import list_names
from reports.text.number_cells import mean_cell
from reports.text.rounding import count, fixed


def headline_sentence(
    rows: Sequence[ContrastRow], comparisons: Mapping[str, ConstantComparison], metric: Metric, target: Target
) -> str:
    """How many declared contrasts have no verdict, and because of which arms; empty if all have one.

    Args:
        rows: the declared contrasts.
        comparisons: arm -> how it compares with the constant predictor.
        metric: the primary one.
        target: what is predicted.
    """
    unjudged = [row for row in rows if row.verdict.kind == "no verdict"]
    if not unjudged:
        return ""
    found = {one.arm.name: one for row in unjudged for one in unlearned_of(row.contrast, comparisons)}
    named = list_names([f"{one.arm.label} ({against_constant(one, metric)})" for one in found.values()], "arms")
    contrasts = "the one declared contrast" if len(rows) == 1 else f"{len(unjudged)} of {len(rows)} declared contrasts"
    return (
        f"**No verdict on {contrasts}: {'an arm' if len(found) == 1 else 'arms'} of "
        f"{'it' if len(unjudged) == 1 else 'them'} {'is' if len(found) == 1 else 'are'} not shown better than the "
        f"{target.constant_predictor}: {named}.**"
    )


def constant_sentences(comparisons: Mapping[str, ConstantComparison], metric: Metric, target: Target) -> list[str]:
    """A sentence per arm that is worse than the predictor, or not shown better. metric: the primary one."""
    return [sentence for comparison in comparisons.values() if (sentence := _sentence(comparison, metric, target))]


def _sentence(comparison: ConstantComparison, metric: Metric, target: Target) -> str:
    label = comparison.arm.label
    if comparison.is_worse:
        runs = count(comparison.num_completed, "completed run")
        scores = f"score worse than the {target.constant_predictor} ({against_constant(comparison, metric)})"
        if comparison.follows_labels:
            return f"The {runs} of {label} {scores}, although {_association(comparison, target)}."
        return (
            f"{label} diverged or never learned: its {runs} {scores}. A contrast with it measures a failure to train."
        )
    if comparison.is_unlearned:
        gain = mean_cell(comparison.gain, metric, signed=True)
        return (
            f"Not shown better than the {target.constant_predictor}: {label}, {against_constant(comparison, metric)}, "
            f"difference {gain}."
        )
    return ""


def _association(comparison: ConstantComparison, target: Target) -> str:
    """What an arm has learned that its score does not show."""
    if target.is_numeric:
        correlation = mean_cell(comparison.association, METRICS["corr"])
        return (
            f"the predictions rise with the labels (Corr {correlation}): it has learned their order, and misses their "
            "level or spread"
        )
    gain = mean_cell(comparison.association, METRICS["uar"], signed=True)
    what = "classes" if target.kind == "classes" else "yes from no"
    return (
        f"it tells {what} apart better than that (UAR {gain}%): it has learned something, and misses how often each "
        "occurs"
    )


def against_constant(comparison: ConstantComparison, metric: Metric) -> str:
    """``1.452 against 1.401 MAE``."""
    if comparison.own is None or comparison.constant is None:
        return "no completed run"
    own, constant = (fixed(value, metric.decimals) for value in (comparison.own, comparison.constant))
    return f"{own} against {constant}{metric.unit} {metric.label}"
