"""Which classes an arm takes for which: counts of tested items by label and by prediction.

Legend: ``K`` classes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from reports.records.run_record import Predictions
from reports.records.study_description import StudyDescription
from reports.results.results import ResultsTable
from reports.statistics.arrays import FloatArray
from reports.statistics.scores.classes import predicted_classes


@dataclass(frozen=True)
class Confusion:
    """The completed runs of one arm.

    Attributes:
        arm, label: its name; as printed.
        num_runs: completed ones that kept predictions.
        counts: (K, K) items by label (row) and prediction (column): the mean over the seeds of each fold, summed over
            the folds of a repeat, so that every tested item counts once.
    """

    arm: str
    label: str
    num_runs: int
    counts: FloatArray

    @property
    def num_items(self) -> FloatArray:
        """(K,) tested items of each class."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def shares(self) -> FloatArray:
        """(K, K) of the items of a class, which share is predicted as what; NaN for a class without items."""
        num_items = self.num_items[:, None]
        return np.asarray(self.counts / np.where(num_items > 0, num_items, np.nan))

    @property
    def worst(self) -> tuple[int, int] | None:
        """The label and the prediction that are confused most often by share; None where nothing is confused."""
        off = np.nan_to_num(self.shares, nan=0.0)
        np.fill_diagonal(off, 0.0)
        row, column = np.unravel_index(int(off.argmax()), off.shape)
        return (int(row), int(column)) if off[row, column] > 0 else None


def confusions(study: StudyDescription, results: ResultsTable) -> tuple[Confusion, ...]:
    """The confusion of every arm whose completed runs kept predictions; none where no classes are predicted."""
    if study.target.kind != "classes":
        return ()
    found = (_confusion(study, results, arm.name, arm.label) for arm in study.arms)
    return tuple(confusion for confusion in found if confusion is not None)


def _confusion(study: StudyDescription, results: ResultsTable, arm: str, label: str) -> Confusion | None:
    of_cell: dict[int, list[FloatArray]] = defaultdict(list)
    for (_, cell), record in sorted(results.runs_of(arm).items(), key=lambda item: item[0]):
        made = record.predictions
        if record.status == "completed" and made is not None and made.fit(study.target):
            of_cell[cell].append(count_pairs(made, len(study.target.names)))
    if not of_cell:
        return None
    num_repeats = len({results.cells[cell].repeat for cell in of_cell})
    means = [np.mean(counts, axis=0) for _, counts in sorted(of_cell.items())]
    num_runs = sum(len(counts) for counts in of_cell.values())
    return Confusion(arm, label, num_runs, np.asarray(np.sum(means, axis=0) / num_repeats))


def count_pairs(predictions: Predictions, num_classes: int) -> FloatArray:
    """(K, K) items by label (row) and predicted class (column)."""
    actual, predicted = predictions.labels.astype(np.int64), predicted_classes(predictions.values.astype(np.float64))
    counts = np.bincount(actual * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.float64)
