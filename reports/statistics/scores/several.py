"""Metrics of several numbers on one scale: those of one number for the first, error and correlation for the others.

Legend: ``n`` items, ``K`` numbers; labels are (n, K), predictions (..., n, K).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.statistics.additive_score import AdditiveScore
from reports.statistics.arrays import FloatArray
from reports.statistics.scores.numbers import NUMBER_SCORES

OF_OTHERS = ("mae", "corr")
"""What is scored of every number but the first."""


def several_scores(names: Sequence[str]) -> Mapping[str, AdditiveScore]:
    """Metric -> its additive form, for numbers of these names."""
    others = {
        f"{metric}_{name}": _of_column(number, NUMBER_SCORES[metric])
        for number, name in enumerate(names)
        for metric in OF_OTHERS
        if number > 0
    }
    return {name: _of_column(0, score) for name, score in NUMBER_SCORES.items()} | others


def _of_column(number: int, score: AdditiveScore) -> AdditiveScore:
    num_counted = score.num_counted

    def contributions(labels: FloatArray, values: FloatArray) -> FloatArray:
        return score.contributions(labels[..., number], values[..., number])

    def count(labels: FloatArray) -> float:
        assert num_counted is not None
        return num_counted(labels[..., number])

    return AdditiveScore(contributions, score.from_sums, None if num_counted is None else count)
