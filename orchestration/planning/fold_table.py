"""The fold table: which items train, validate and test in every fold, for other code that makes predictions."""

from __future__ import annotations

from collections.abc import Iterator

from dmd.data.dataset.dataset import Dataset
from orchestration.executors.dmd_runner import FoldPlan
from search_spaces.terms.trial import Cell

COLUMNS = ("repeat", "fold", "part", "id", "group")


def fold_rows(dataset: Dataset, cells: tuple[Cell, ...], folds: FoldPlan) -> Iterator[tuple[str, ...]]:
    """The rows of the fold table, cell by cell, in the order train, valid, test.

    Args:
        dataset: of the study.
        cells: of the study.
        folds: the fold of each cell.

    Returns:
        The values of :data:`COLUMNS`; the fold is ``official`` without folds.
    """
    group_of = dict(zip(dataset.ids, dataset.groups, strict=True))
    for cell in cells:
        fold = "official" if cell.fold is None else str(cell.fold)
        for part, ids in dataset.ids_of_parts(folds.at(cell)).items():
            for item in ids:
                yield str(cell.repeat), fold, part, item, group_of[item]
