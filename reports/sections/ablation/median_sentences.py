"""Arms that are not shown better than the training-median predictor, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.results.metrics import METRICS, Metric
from reports.sections.ablation.median_comparison import Standing, unlearned_of
from reports.sections.ablation.values import ContrastRow
from reports.text.listing import list_names
from reports.text.number_cells import mean_cell
from reports.text.rounding import count, fixed


def headline_sentence(rows: Sequence[ContrastRow], standings: Mapping[str, Standing], metric: Metric) -> str:
    """How many declared contrasts have no verdict, and because of which arms; empty if all have one."""
    unjudged = [row for row in rows if row.verdict.kind == "no verdict"]
    if not unjudged:
        return ""
    found = {one.arm.name: one for row in unjudged for one in unlearned_of(row.contrast, standings)}
    named = list_names([f"{one.arm.name} ({_numbers(one, metric)})" for one in found.values()], "arms")
    contrasts = "the one declared contrast" if len(rows) == 1 else f"{len(unjudged)} of {len(rows)} declared contrasts"
    return (
        f"**No verdict on {contrasts}: {'an arm' if len(found) == 1 else 'arms'} of "
        f"{'it' if len(unjudged) == 1 else 'them'} {'is' if len(found) == 1 else 'are'} not shown better than the "
        f"training-median predictor: {named}.**"
    )


def standing_sentences(standings: Mapping[str, Standing], metric: Metric) -> list[str]:
    """A sentence per arm that is worse than the predictor, or not shown better. metric: the primary one."""
    return [sentence for standing in standings.values() if (sentence := _sentence(standing, metric))]


def _sentence(standing: Standing, metric: Metric) -> str:
    label = standing.arm.label
    if standing.is_worse:
        runs = count(standing.num_completed, "completed run")
        scores = f"score worse than the training-median predictor ({_numbers(standing, metric)})"
        if standing.follows_labels:
            correlation = mean_cell(standing.correlation, METRICS["corr"])
            return (
                f"The {runs} of {label} {scores}, although the predictions rise with the labels (Corr {correlation}): "
                "it has learned their order, and misses their level or spread."
            )
        return (
            f"{label} diverged or never learned: its {runs} {scores}. A contrast with it measures a failure to train."
        )
    if standing.is_unlearned:
        gain = mean_cell(standing.gain, metric, signed=True)
        return (
            f"{label} is not shown better than the training-median predictor: {_numbers(standing, metric)}, difference "
            f"{gain}."
        )
    return ""


def _numbers(standing: Standing, metric: Metric) -> str:
    """``1.452 against 1.401 MAE``."""
    if standing.own is None or standing.median is None:
        return "no completed run"
    own, median = (fixed(value, metric.decimals) for value in (standing.own, standing.median))
    return f"{own} against {median}{metric.unit} {metric.label}"
