"""Checks that a study's data can be scored by every metric that the study names."""

from __future__ import annotations

from collections.abc import Iterator

from dmd.metrics.sentiment import METRIC_NAMES, TWO_CLASS
from dmd.scoring import Scoring
from search_spaces.schema.fields import COSTS
from search_spaces.schema.schema import SearchSpace


def find_unscored(space: SearchSpace, scoring: Scoring, data: str) -> Iterator[str]:
    """A line per place that names a metric by which the data cannot be scored.

    Args:
        space: names the metrics.
        scoring: metrics that the data have.
        data: name of the data, for the message.
    """
    objectives = space.search.objectives if space.search is not None else ()
    named = [("primary", space.primary), *(("search.objective", name) for name in objectives if name not in COSTS)]
    for place, name in named:
        part, metric = name.split("/")
        if metric in scoring.names:
            continue
        reason = _why_unscored(metric, scoring)
        choice = ", ".join(f"{part}/{known}" for known in scoring.names)
        yield f"{place}: {name} cannot be scored on {data}: {reason}; take one of {choice}"


def _why_unscored(metric: str, scoring: Scoring) -> str:
    target = scoring.target
    if target.kind != "regression":
        return f"the target is {target.kind} ({', '.join(target.names)})"
    if scoring.remark and metric in TWO_CLASS:
        return scoring.remark
    if metric not in METRIC_NAMES:
        return "the target is one number per item"
    scale = scoring.scale
    return f"it is not defined on the label scale [{scale.low:g}, {scale.high:g}] around {scale.neutral:g}"
