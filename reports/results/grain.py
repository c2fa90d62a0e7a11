"""How coarse a score is: what one item that comes out otherwise changes in it."""

from __future__ import annotations

import numpy as np

from reports.results.results import CONSTANT_PREDICTOR, ResultsTable
from reports.statistics.arrays import FloatArray


def rounding_of(results: ResultsTable, arm: str, metric: str) -> FloatArray:
    """The variance that rounding to the grain of a score puts into a run of an arm (a twelfth of the square).

    The grain of a score that counts answers is one over their number.

    Args:
        results: the scores and the runs behind them.
        arm, metric: by name.

    Returns:
        (C,) the variances. 0 for a score that is no count, and for a method without randomness: it has one score and no
            other, however coarse the grid is.
    """
    if arm == CONSTANT_PREDICTOR or arm in results.closed_forms:
        return np.zeros(len(results.cells))
    counted = np.array([_num_counted(results, metric, cell) for cell in range(len(results.cells))], dtype=np.float64)
    return np.where(counted > 0, 1 / (12 * np.maximum(counted, 1.0) ** 2), 0.0)


def _num_counted(results: ResultsTable, metric: str, cell: int) -> float:
    """Answers that a metric counts on a cell; all tested ones where no run holds their labels, 0 for no count."""
    score = results.scores_of_target.get(metric)
    if score is None or score.num_counted is None:
        return 0.0
    labels = results.labels[cell]
    return float(results.num_test[cell]) if labels is None else score.num_counted(labels)
