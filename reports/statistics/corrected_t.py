"""The *new data* question over folds where it is not known which groups (videos) were tested, or with one seed.

Corrected resampled t (Nadeau and Bengio 2003, *Inference for the Generalization Error*, Machine Learning 52; for
repeated cross-validation Bouckaert and Frank 2004). Folds share training items, so the scores of folds are correlated
and the naive variance ``S^2 / J`` is far too small; it becomes ``(1 / J + n_test / n_train) S^2`` with ``J - 1``
degrees of freedom, ``J`` the number of cells (folds times repeats). In words: an interval for what the method would
score on another draw of videos of the same kind and number. It covers, but is 1.4 to 3 times as wide as it had to be
(``docs/decisions/0022``): :mod:`reports.statistics.group_spread` is used wherever predictions are at hand.
"""

from __future__ import annotations

import numpy as np

from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate, t_estimate, undefined

METHOD = "corrected t over folds"
ONE_CELL = "one fold only: spread between folds unknown"


def corrected_mean(cell_values: FloatArray, test_train_ratio: float) -> Estimate | None:
    """The mean over cells with its Nadeau-Bengio interval.

    cell_values: (C,) mean over seeds of a score, or of a paired difference, per cell; NaN where there is none.
    test_train_ratio: items tested per item trained on (validation items count as neither).
    Returns None where no cell has a value.
    """
    present = cell_values[np.isfinite(cell_values)]
    num_cells = present.size
    if num_cells == 0:
        return None
    value = float(present.mean())
    if num_cells == 1:
        return undefined(value, 1, "new data", ONE_CELL)
    if not np.isfinite(test_train_ratio):
        return undefined(value, num_cells, "new data", "sizes of the training parts are not recorded")
    variance = float(present.var(ddof=1))
    std_error = float(np.sqrt((1 / num_cells + test_train_ratio) * variance))
    return t_estimate(
        value=value, std_error=std_error, df=num_cells - 1, n=num_cells, question="new data", method=METHOD
    )
