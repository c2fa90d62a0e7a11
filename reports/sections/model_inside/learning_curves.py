"""How training went: the objective on validation, epoch by epoch, over the confirm runs of every arm.

Search trials are left out: they have other configurations and stop where the scheduler stops them.

Legend: ``C`` cells (folds), ``E`` epochs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.hyperparameters.history import objective_metric
from reports.statistics.arrays import FloatArray, IntArray
from reports.statistics.rerun import run_deviation

Place = tuple[int, int]


@dataclass(frozen=True)
class LearningCurve:
    """One arm, from epoch 1 on for as long as at least half of the runs of every cell were still training.

    A mean over the runs that happen to be left would jump whenever a hard fold drops out.

    Attributes:
        arm, label: its name; as printed.
        mean: (E,) over cells of the means over seeds.
        cells: (C, E) those means.
        seed_deviation: (E,) standard deviation between runs within a cell, pooled over cells; NaN where no cell has two
            runs.
        num_runs: (E,) runs in the mean.
        chosen: median epoch that runs kept.
        num_left_out: confirm runs without a usable curve (failed ones).
    """

    arm: str
    label: str
    mean: FloatArray
    cells: FloatArray
    seed_deviation: FloatArray
    num_runs: IntArray
    chosen: float
    num_left_out: int


@dataclass(frozen=True)
class LearningCurves:
    """metric: the objective, measured on validation; values are as shown. curves: in the order of arms."""

    metric: Metric
    curves: tuple[LearningCurve, ...]


def learning_curves(study: StudyDescription, results: ResultsTable) -> LearningCurves:
    """The curves of every arm that is trained by gradients and has a completed confirm run with epochs.

    An epoch of a closed form is another penalty, not more training.
    """
    metric = objective_metric(study)
    curves = [
        _curve(arm.name, arm.label, found, metric)
        for arm in study.arms
        if arm.has_gradients and (found := results.runs_of(arm.name))
    ]
    return LearningCurves(metric, tuple(curve for curve in curves if curve is not None))


def _curve(arm: str, label: str, runs: Mapping[Place, RunRecord], metric: Metric) -> LearningCurve | None:
    values = {place: _values(record, metric) for place, record in sorted(runs.items()) if record.status == "completed"}
    values = {place: found for place, found in values.items() if found.size}
    if not values:
        return None
    seeds = sorted({seed for seed, _ in values})
    cells = sorted({cell for _, cell in values})
    num_epochs = min(_half_alive([found for (_, at), found in values.items() if at == cell]) for cell in cells)
    table = np.full((len(seeds), len(cells), num_epochs), np.nan)
    for (seed, cell), found in values.items():
        table[seeds.index(seed), cells.index(cell), : found.size] = found[:num_epochs]
    means = np.nanmean(table, axis=0)
    deviations = [run_deviation(table[:, :, epoch]) for epoch in range(num_epochs)]
    return LearningCurve(
        arm=arm,
        label=label,
        mean=means.mean(axis=0),
        cells=means,
        seed_deviation=np.array([np.nan if deviation is None else deviation for deviation in deviations]),
        num_runs=np.isfinite(table).sum(axis=(0, 1)).astype(np.int64),
        chosen=float(np.median([runs[place].best_epoch or np.nan for place in values])),
        num_left_out=len(runs) - len(values),
    )


def _values(record: RunRecord, metric: Metric) -> FloatArray:
    """The objective of epochs 1, 2, ... in shown units, up to the first that is absent or not finite."""
    by_epoch = {point.epoch: point.metrics.get(f"valid/{metric.name}", np.nan) for point in record.epochs}
    values: list[float] = []
    while np.isfinite(value := by_epoch.get(len(values) + 1, np.nan)):
        values.append(value * metric.factor)
    return np.array(values, dtype=np.float64)


def _half_alive(runs: Sequence[FloatArray]) -> int:
    """The last epoch that at least half of the runs have."""
    lengths = sorted((run.size for run in runs), reverse=True)
    return lengths[(len(lengths) + 1) // 2 - 1]
