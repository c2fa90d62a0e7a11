"""Which arms get panels and paragraphs of their own, where there are too many to look at all of them.

Every arm keeps its row in the tables and its lines in the CSV files; hundreds of panels and of small tables one after
the other help nobody decide. What a reader of hundreds of arms wants to see closely is the baseline and those that seem
to beat it. They are picked by the very scores that are shown, so the best-looking ones are in part lucky: the report
says so, and nothing is claimed from being picked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from reports.records.study_description import StudyDescription
from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric

MOST_HIGHLIGHTED = 32


@dataclass(frozen=True)
class HighlightedArms:
    """The arms that are shown in detail.

    Attributes:
        names: in the order of the study.
        selection: what the choice leaves out, for captions; empty where it leaves out nothing.
    """

    names: tuple[str, ...]
    selection: str = ""


def highlight_arms(
    study: StudyDescription, metric: Metric, means: Mapping[str, EstimatePair | None]
) -> HighlightedArms:
    """All arms up to :data:`MOST_HIGHLIGHTED`; of more, the baseline and those with the best mean.

    Args:
        study: whose arms these are.
        metric: the primary one.
        means: arm -> its mean of that metric; None or absent where it has no run.

    Returns:
        The arms in the order of the study; of equal means the arm that comes first is preferred.
    """
    names = tuple(arm.name for arm in study.arms)
    if len(names) <= MOST_HIGHLIGHTED:
        return HighlightedArms(names)

    def rank(name: str) -> tuple[bool, float]:
        return name != study.baseline, _loss(means.get(name), metric)

    chosen = set(sorted(names, key=rank)[:MOST_HIGHLIGHTED])
    best = f"those with the best mean {metric.label}"
    selection = f"{MOST_HIGHLIGHTED} of {len(names)} arms, the baseline and {best}; the tables have all."
    return HighlightedArms(tuple(name for name in names if name in chosen), selection)


def _loss(mean: EstimatePair | None, metric: Metric) -> float:
    """Lower is better; infinite where an arm has no mean."""
    if mean is None or not math.isfinite(mean.value):
        return math.inf
    return metric.loss_sign * mean.value
