"""Delete-one-group replicates of every run on an official split, computed once for all arms and contrasts.

Legend: ``A`` arms, ``S`` seeds, ``M`` metrics, ``G`` test groups, ``n`` test items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.record import Predictions
from reports.results import ResultsTable
from reports.statistics.jackknife import deleted_scores
from reports.statistics.scores import SCORES

FloatArray = npt.NDArray[np.float64]

_AGREEMENT = 1e-4
"""Largest gap between a recorded score and the one computed again from float32 predictions."""


@dataclass(frozen=True)
class GroupReplicates:
    """deleted: (A, S, M, G) scores without each test group; NaN for a run without predictions or another definition.

    A score that cannot be reproduced from the predictions (other label scale, unknown metric) has no replicates: an
    interval for a different number would be worse than none.
    """

    deleted: FloatArray

    @classmethod
    def from_results(cls, results: ResultsTable) -> GroupReplicates:
        """The replicates of every run of a table on an official split."""
        groups: dict[str, int] = {}
        for record in results.runs.values():
            for name in record.predictions.groups if record.predictions is not None else ():
                groups.setdefault(name, len(groups))
        deleted = np.full((len(results.arms), len(results.seeds), len(results.metrics), len(groups)), np.nan)
        for (arm, seed, cell), record in results.runs.items():
            if record.predictions is None or record.test is None:
                continue
            group_of = np.array([groups[name] for name in record.predictions.groups], dtype=np.int64)
            for place, metric in enumerate(results.metrics):
                recorded = float(results.scores[arm, seed, cell, place])
                deleted[arm, seed, place] = _replicates(record.predictions, group_of, len(groups), metric, recorded)
        return cls(deleted)


def _replicates(
    predictions: Predictions, group_of: npt.NDArray[np.int64], num_groups: int, metric: str, recorded: float
) -> FloatArray:
    """(G,) scores without each group; all NaN if the metric is unknown or differs from what was recorded."""
    if metric not in SCORES:
        return np.full(num_groups, np.nan)
    labels, values = predictions.labels.astype(np.float64), predictions.values.astype(np.float64)
    value, deleted = deleted_scores(labels, values, group_of, num_groups, SCORES[metric])
    return deleted if abs(value - recorded) <= _AGREEMENT else np.full(num_groups, np.nan)
