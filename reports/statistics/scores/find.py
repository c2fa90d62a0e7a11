"""The additive forms of the metrics of a target."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from reports.statistics.additive_score import AdditiveScore
from reports.statistics.scores.binaries import binary_scores
from reports.statistics.scores.classes import class_scores
from reports.statistics.scores.numbers import NUMBER_SCORES
from reports.statistics.scores.several import several_scores


@cache
def scores_of(kind: str, names: tuple[str, ...]) -> Mapping[str, AdditiveScore]:
    """Metric -> its additive form.

    Args:
        kind: ``regression``, ``classes``, ``binaries`` or ``several``.
        names: of the classes, the questions or the numbers.
    """
    match kind:
        case "classes":
            return class_scores(names)
        case "binaries":
            return binary_scores(names)
        case "several":
            return several_scores(names)
    return NUMBER_SCORES
