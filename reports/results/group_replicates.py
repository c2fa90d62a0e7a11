"""Delete-one-group replicates of every run, computed once for all arms and contrasts.

Legend: ``A`` arms, ``S`` seeds, ``M`` metrics, ``G`` test groups of one cell, ``n`` test items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from reports.records.run_record import Predictions, RunRecord
from reports.results.results import CONSTANT_PREDICTOR, ResultsTable
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.group_spread import pseudo_values
from reports.statistics.jackknife import deleted_scores

_AGREEMENT = 1e-4
"""Largest gap between a recorded score and the one computed again from float32 predictions."""

_MOST_VALUES = 500_000
"""Predictions that are worked on at once: bounds memory at some tens of megabytes."""


@dataclass(frozen=True)
class CellReplicates:
    """The runs of one cell without each of its test groups.

    Attributes:
        groups: names of the test groups, sorted.
        deleted: (A, S, M, G) scores without each; NaN for a run without predictions or with another definition.
        fallback: (M, G) of the constant predictor; likewise. None where it is not known.
    """

    groups: tuple[str, ...]
    deleted: FloatArray
    fallback: FloatArray | None = None


@dataclass(frozen=True)
class GroupReplicates:
    """The replicates of every cell of ``results``, in its order.

    A score that cannot be reproduced from the predictions (unknown metric, or another definition) has no replicates: an
    interval for a different number would be worse than none.
    """

    results: ResultsTable
    cells: tuple[CellReplicates, ...]

    @classmethod
    def from_results(cls, results: ResultsTable) -> GroupReplicates:
        """The replicates of every run of a table."""
        runs: list[dict[tuple[int, int], RunRecord]] = [{} for _ in results.cells]
        for (arm, seed, cell), record in results.runs.items():
            runs[cell][arm, seed] = record
        return cls(results, tuple(_cell_replicates(results, cell, found) for cell, found in enumerate(runs)))

    @cached_property
    def _places(self) -> tuple[int, tuple[IntArray, ...]]:
        """How many groups there are in all cells together, and where each cell's groups stand among them."""
        every = sorted({name for cell in self.cells for name in cell.groups})
        return len(every), tuple(np.searchsorted(every, cell.groups).astype(np.int64) for cell in self.cells)

    @property
    def num_groups(self) -> int:
        """Groups that are known to be tested in any cell."""
        return self._places[0]

    @cached_property
    def tested(self) -> npt.NDArray[np.bool_]:
        """(C, G): which of all groups a cell tests."""
        num_groups, places = self._places
        tested = np.zeros((len(self.cells), num_groups), dtype=bool)
        for cell, of_cell in enumerate(places):
            tested[cell, of_cell] = True
        return tested

    def pseudo_values(self, arm: str, metric: str) -> FloatArray:
        """(S, C, G): what each of all groups contributes to each run of an arm; NaN where it is not tested."""
        scores = self.results.of(arm, metric)
        num_groups, places = self._places
        values = np.full((len(self.results.seeds), len(self.cells), num_groups), np.nan)
        for number, of_cell in enumerate(places):
            values[:, number, of_cell] = pseudo_values(scores[:, number], self.deleted(arm, metric, number))
        return values

    def deleted(self, arm: str, metric: str, cell: int) -> FloatArray:
        """Scores of an arm's runs on one cell without each of its test groups.

        Args:
            arm, metric: by name.
            cell: index of the cell in the results table.

        Returns:
            (S, G) the scores; NaN where they are not known.
        """
        found, place = self.cells[cell], self.results.metrics.index(metric)
        if arm != CONSTANT_PREDICTOR:
            return found.deleted[self.results.arms.index(arm), :, place]
        shape = (len(self.results.seeds), len(found.groups))
        return np.broadcast_to(np.nan if found.fallback is None else found.fallback[place], shape)


def _cell_replicates(results: ResultsTable, cell: int, runs: Mapping[tuple[int, int], RunRecord]) -> CellReplicates:
    """Runs that predict the same items are computed together, a few at a time."""
    alike: dict[tuple[tuple[str, ...], bytes], list[tuple[int, int]]] = defaultdict(list)
    for place, record in sorted(runs.items(), key=lambda item: item[0]):
        if record.predictions is not None and record.test is not None and record.predictions.fit(results.target):
            alike[record.predictions.groups, record.predictions.labels.tobytes()].append(place)
    groups = {name: number for number, name in enumerate(sorted({name for names, _ in alike for name in names}))}
    deleted = np.full((len(results.arms), len(results.seeds), len(results.metrics), len(groups)), np.nan)
    fallback = None
    for (names, _), places in alike.items():
        group_of = np.array([groups[name] for name in names], dtype=np.int64)
        if fallback is None:
            fallback = _of_the_constant(results, cell, runs[places[0]], group_of, len(groups))
        at_once = max(1, _MOST_VALUES // (len(names) * max(1, len(results.target.names))))
        for start in range(0, len(places), at_once):
            taken = places[start : start + at_once]
            predictions = [found for place in taken if (found := runs[place].predictions) is not None]
            arms, seeds = np.array(taken).T
            recorded = results.scores[arms, seeds, cell]
            deleted[arms, seeds] = _replicates(predictions, group_of, len(groups), results, recorded)
    return CellReplicates(tuple(groups), deleted, fallback)


def _of_the_constant(
    results: ResultsTable, cell: int, run: RunRecord, group_of: IntArray, num_groups: int
) -> FloatArray | None:
    """(M, G) of the constant predictor. run: any of the cell, for its items."""
    scores, values = results.fallback, results.fallback_values
    if run.predictions is None or scores is None or values is None or not np.isfinite(values[cell]).all():
        return None
    answers = np.broadcast_to(values[cell], run.predictions.values.shape).astype(np.float32)
    constant = replace(run.predictions, values=answers)
    of_constant: FloatArray = _replicates([constant], group_of, num_groups, results, scores[cell][None])[0]
    return of_constant


def _replicates(
    predictions: Sequence[Predictions],
    group_of: IntArray,
    num_groups: int,
    results: ResultsTable,
    recorded: FloatArray,
) -> FloatArray:
    """(R, M, G) scores of R runs on the same items without each group; NaN for a metric that is unknown or differs.

    recorded: (R, M).
    """
    read = [results.read(found) for found in predictions]
    labels, values = read[0][0], np.stack([of_run for _, of_run in read])
    replicates = np.full((len(predictions), len(results.metrics), num_groups), np.nan)
    for place, metric in enumerate(results.metrics):
        if (score := results.scores_of_target.get(metric)) is not None:
            scores, deleted = deleted_scores(labels, values, group_of, num_groups, score)
            agrees = np.abs(scores - recorded[:, place]) <= _AGREEMENT
            replicates[:, place] = np.where(agrees[:, None], deleted, np.nan)
    return replicates
