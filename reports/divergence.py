"""Arms whose training went wrong: worse than predicting one number, or failing while they were tuned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.budget import Budget
from reports.metrics import Metric
from reports.report import ArmRow
from reports.results import ResultsTable, RunState
from reports.rounding import count, fixed

MANY_FAILED = 0.2
"""From this share of failed trials on, a search has seen only a part of the range that it was given."""


def diverged_arms(results: ResultsTable, rows: Sequence[ArmRow], metric: Metric) -> list[str]:
    """A sentence per arm whose completed runs score worse than the training-median predictor on the same folds.

    metric: the primary one. Failed runs, which score as that predictor, do not enter.
    """
    sentences = []
    for row in rows:
        state = results.state[results.arms.index(row.arm)]
        gains = []
        for place, run in results.runs_of(row.arm).items():
            if state[place] != RunState.COMPLETED or run.fallback_test is None:
                continue
            own, fallback = run.test or {}, run.fallback_test
            if metric.name in own and metric.name in fallback:
                gains.append((own[metric.name], fallback[metric.name]))
        if not gains:
            continue
        own_mean, fallback_mean = (float(np.mean(values)) * metric.factor for values in zip(*gains, strict=True))
        lost = fallback_mean - own_mean if metric.higher_is_better else own_mean - fallback_mean
        if lost > 1e-9 * max(1.0, abs(fallback_mean)):
            numbers = f"{fixed(own_mean, metric.decimals)} against {fixed(fallback_mean, metric.decimals)}{metric.unit}"
            sentences.append(
                f"{row.label} diverged or never learned: its {count(len(gains), 'completed run')} score worse than the "
                f"training-median predictor ({numbers} {metric.label}). A contrast with it measures a failure to train."
            )
    return sentences


def failing_searches(budget: Budget) -> list[str]:
    """A sentence per arm that lost many of its search trials."""
    sentences = []
    for arm, searches in budget.by_arm().items():
        failed, trials = sum(search.failed for search in searches), sum(search.num_trials for search in searches)
        if failed >= MANY_FAILED * trials:
            sentences.append(
                f"{arm}: {failed} of {count(trials, 'search trial')} failed. Its tuning saw only the part of the range "
                "where training works; narrow the range, or lower the learning rate."
            )
    return sentences
