"""Errors of runs as the results table that the product's own statistics read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.calibration.worlds import NUM_FOLDS
from reports.results.estimates import Estimator
from reports.results.fold_cell import FoldCell
from reports.results.group_replicates import CellReplicates, GroupReplicates
from reports.results.results import ResultsTable, RunState
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.scores.numbers import NUMBER_SCORES

METRIC = "mae"
_NUM_TRAIN, _NUM_TEST = 3, 1
"""Sizes of the parts up to a factor: of five folds three train and one is tested."""


def ask(arms: Sequence[str], errors: Sequence[FloatArray], videos: Sequence[IntArray]) -> Estimator:
    """The estimator of the runs of some repeats of five folds.

    errors: per cell (A, S, G', M) absolute errors on the clips of its tested videos; videos: per cell their numbers.
    """
    score = NUMBER_SCORES[METRIC]
    scores, replicates = [], []
    for of_cell, tested in zip(errors, videos, strict=True):
        sums = np.stack([of_cell.sum(axis=-1), np.full(of_cell.shape[:-1], float(of_cell.shape[-1]))], axis=-1)
        total = sums.sum(axis=-2, keepdims=True)
        scores.append(score.from_sums(total[..., 0, :]))
        deleted = score.from_sums(total - sums)[:, :, None, :]
        replicates.append(CellReplicates(tuple(f"{video:04d}" for video in tested), deleted))
    table = np.stack(scores, axis=-1)  # (A, S, C)
    num_cells = len(errors)
    results = ResultsTable(
        arms=tuple(arms),
        seeds=tuple(range(table.shape[1])),
        cells=tuple(FoldCell(cell // NUM_FOLDS, cell % NUM_FOLDS) for cell in range(num_cells)),
        metrics=(METRIC,),
        scores=table[..., None],
        state=np.full(table.shape, int(RunState.COMPLETED), dtype=np.int64),
        num_train=np.full(num_cells, _NUM_TRAIN, dtype=np.int64),
        num_test=np.full(num_cells, _NUM_TEST, dtype=np.int64),
        runs={},
    )
    return Estimator(results, GroupReplicates(results, tuple(replicates)))
