"""What the graph-distillation units learned: the weight of every directed edge between the modalities.

Edge ``source -> target``: how strongly the target (student) is pulled towards the source (teacher), Eqs. 7 to 9. The
weights of an item come from a softmax, so they say which teacher is preferred, not how much distillation helps. With a
prior on, the published figure of "learned" edges is largely that prior: it is shown beside them.

Legend: ``S`` seeds, ``C`` cells (folds), ``n`` test items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from reports.records.details import Details, ReadDetails
from reports.records.record import StudyDescription
from reports.results.results import ResultsTable, RunState
from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.rerun import SeedBlock, rerun_sum, run_deviation

Unit = Literal["homo", "hetero"]

UNITS: tuple[Unit, ...] = ("homo", "hetero")
UNIT_LABELS = {"homo": "HomoGD", "hetero": "HeteroGD"}

MODALITIES = ("language", "audio", "vision")

EDGES = (
    ("vision", "language"),
    ("audio", "language"),
    ("language", "vision"),
    ("audio", "vision"),
    ("language", "audio"),
    ("vision", "audio"),
)
"""(source, target), in the order in which a trial's details hold the weights."""


@dataclass(frozen=True)
class Edge:
    """One edge of a graph-distillation unit.

    Attributes:
        source, target: the modalities that it runs between.
        weight: mean over cells of the means over runs of the means over test items, with its rerun interval.
        item_deviation: standard deviation over the items of a run, mean over runs: how much the weight depends on the
            item.
        run_deviation: standard deviation between the means of runs within a cell, pooled; None where no cell has two
            runs.
        prior: what was added to the weight in training; None without one.
    """

    source: str
    target: str
    weight: Estimate
    item_deviation: float
    run_deviation: float | None
    prior: float | None


@dataclass(frozen=True)
class EdgeGraph:
    """The six edges of one unit of one arm.

    Attributes:
        arm, label: its name; as printed.
        unit: the graph-distillation unit.
        edges: the six of them.
        level: the weight that every edge would have if none were preferred.
        num_runs: completed confirm runs that kept their edges.
    """

    arm: str
    label: str
    unit: Unit
    edges: tuple[Edge, ...]
    level: float
    num_runs: int


@dataclass(frozen=True)
class EdgeGraphs:
    """In the order of arms, HomoGD before HeteroGD. note: why there are none; empty if there are some."""

    graphs: tuple[EdgeGraph, ...]
    note: str = ""


def edge_graphs(study: StudyDescription, results: ResultsTable, read_details: ReadDetails) -> EdgeGraphs:
    """The graphs of every arm whose completed confirm runs kept their edges.

    Args:
        study, results: what was planned, and the runs.
        read_details: trial id -> what it kept of every test item.
    """
    shape = (len(results.seeds), len(results.cells), len(EDGES))
    graphs = []
    num_read = 0
    for place, arm in enumerate(results.arms):
        means = {unit: np.full(shape, np.nan) for unit in UNITS}
        deviations: dict[Unit, list[FloatArray]] = {unit: [] for unit in UNITS}
        priors: dict[Unit, FloatArray | None] = dict.fromkeys(UNITS)
        for seed, cell in np.argwhere(results.state[place] == RunState.COMPLETED).tolist():
            details = read_details(results.runs[place, seed, cell].trial_id)
            num_read += details is not None
            for unit in UNITS:
                weights = _weights(details, unit)
                if weights is not None and details is not None:
                    means[unit][seed, cell] = weights.mean(axis=0)
                    deviations[unit].append(weights.std(axis=0))
                    priors[unit] = _prior(details, unit)
        label = study.arms[place].label
        for unit in UNITS:
            if deviations[unit]:
                item_deviation = np.mean(deviations[unit], axis=0)
                graphs.append(_graph(arm, label, unit, means[unit], item_deviation, priors[unit]))
    if graphs:
        return EdgeGraphs(tuple(graphs))
    return EdgeGraphs((), "no arm has a graph-distillation unit" if num_read else "no details of trials were kept")


def _weights(details: Details | None, unit: Unit) -> FloatArray | None:
    """(n, 6) weights of the items of one run, or None."""
    if details is None or (found := details.get(f"edges/{unit}")) is None:
        return None
    weights = np.asarray(found, dtype=np.float64)
    is_usable = weights.ndim == 2 and weights.shape[1] == len(EDGES) and len(weights) and np.isfinite(weights).all()
    return weights if is_usable else None


def _prior(details: Details, unit: Unit) -> FloatArray | None:
    found = details.get(f"prior/{unit}")
    return None if found is None or np.shape(found) != (len(EDGES),) else np.asarray(found, dtype=np.float64)


def _graph(
    arm: str, label: str, unit: Unit, means: FloatArray, item_deviation: FloatArray, prior: FloatArray | None
) -> EdgeGraph:
    """means: (S, C, 6) of the runs, NaN where there is none."""
    edges = tuple(
        Edge(
            source,
            target,
            _mean(means[:, :, place]),
            float(item_deviation[place]),
            run_deviation(means[:, :, place]),
            None if prior is None else float(prior[place]),
        )
        for place, (source, target) in enumerate(EDGES)
    )
    # Normalised over all edges the weights add up to 1; per target, each pair of them does.
    level = round(sum(edge.weight.value for edge in edges)) / len(EDGES)
    return EdgeGraph(arm, label, unit, edges, level, int(np.isfinite(means[:, :, 0]).sum()))


def _mean(values: FloatArray) -> Estimate:
    estimate = rerun_sum([SeedBlock(values)])
    assert estimate is not None, "a graph has at least one run"
    # A weight is not tested against zero.
    return replace(estimate, p_value=None)


def graphs_of(graphs: Sequence[EdgeGraph], unit: Unit) -> tuple[EdgeGraph, ...]:
    """Those of one unit."""
    return tuple(graph for graph in graphs if graph.unit == unit)
