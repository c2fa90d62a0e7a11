"""What the graph-distillation units learned: the weight of every directed edge between the modalities.

Edge ``source -> target``: how strongly the target (student) is pulled towards the source (teacher), Eqs. 7 to 9. The
weights of an item come from a softmax, so they say which teacher is preferred, not how much distillation helps. With a
prior on, the published figure of "learned" edges is largely that prior: it is shown beside them.

Legend: ``S`` seeds, ``C`` cells (folds), ``n`` test items.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reports.records.details import Details, ReadDetails
from reports.records.study_description import StudyDescription
from reports.results.results import ResultsTable, RunState
from reports.sections.model_inside.why_none import why_none
from reports.sections.paper_tables.published import edge_units
from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.rerun import SeedBlock, rerun_sum, run_deviation

_EDGES_OF = "edges/"

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
        unit: the graph-distillation unit, by name in the details of a trial.
        edges: the six of them.
        level: the weight that every edge would have if none were preferred.
        num_runs: completed confirm runs that kept their edges.
    """

    arm: str
    label: str
    unit: str
    edges: tuple[Edge, ...]
    level: float
    num_runs: int


@dataclass(frozen=True)
class EdgeGraphs:
    """In the order of arms, the paper's units first. note: why there are none; empty if there are some."""

    graphs: tuple[EdgeGraph, ...]
    note: str = ""

    @property
    def units(self) -> tuple[str, ...]:
        """The paper's units, whether an arm has them or not, then those of other methods."""
        return tuple(dict.fromkeys([*edge_units(), *(graph.unit for graph in self.graphs)]))


def unit_label(unit: str) -> str:
    """As readers see it: what the paper calls it, or its name in the details of a trial."""
    return edge_units().get(unit, unit)


def edge_graphs(study: StudyDescription, results: ResultsTable, read_details: ReadDetails) -> EdgeGraphs:
    """The graphs of every arm whose completed confirm runs kept their edges.

    Args:
        study, results: what was planned, and the runs.
        read_details: trial id -> what it kept of every test item.
    """
    graphs: list[EdgeGraph] = []
    has_details = False
    for place, arm in enumerate(results.arms):
        units: dict[str, _Runs] = {}
        for seed, cell in np.argwhere(results.state[place] == RunState.COMPLETED).tolist():
            details = read_details(results.runs[place, seed, cell].trial_id)
            if details is None:
                continue
            has_details = True
            for unit in _units_in(details):
                weights = _weights(details, unit)
                if weights is not None:
                    runs = units.setdefault(unit, _Runs(len(results.seeds), len(results.cells)))
                    runs.means[seed, cell] = weights.mean(axis=0)
                    runs.deviations.append(weights.std(axis=0))
                    runs.prior = _prior(details, unit)
        for unit in _in_order(units):
            graphs.append(_graph(arm, study.arms[place].label, unit, units[unit]))
    if graphs:
        return EdgeGraphs(tuple(graphs))
    return EdgeGraphs((), why_none(study, results, "no arm has a graph-distillation unit", has_details))


class _Runs:
    """What the runs of one arm have of one unit.

    Attributes:
        means: (S, C, 6) over items, NaN where there is no run.
        deviations: (6,) over items, one per run.
        prior: (6,) of the last run; None without one.
    """

    def __init__(self, num_seeds: int, num_cells: int) -> None:
        self.means: FloatArray = np.full((num_seeds, num_cells, len(EDGES)), np.nan)
        self.deviations: list[FloatArray] = []
        self.prior: FloatArray | None = None


def _units_in(details: Details) -> list[str]:
    # A unit gives a figure its file name.
    return [unit for name in details if re.fullmatch(r"[\w-]+", unit := name.removeprefix(_EDGES_OF)) and unit != name]


def _in_order(units: Iterable[str]) -> list[str]:
    """The paper's units first, in its order."""
    known = list(edge_units())
    return sorted(units, key=lambda unit: (known.index(unit) if unit in known else len(known), unit))


def _weights(details: Details, unit: str) -> FloatArray | None:
    """(n, 6) weights of the items of one run, or None."""
    weights = np.asarray(details[f"{_EDGES_OF}{unit}"], dtype=np.float64)
    is_usable = weights.ndim == 2 and weights.shape[1] == len(EDGES) and len(weights) and np.isfinite(weights).all()
    return weights if is_usable else None


def _prior(details: Details, unit: str) -> FloatArray | None:
    found = details.get(f"prior/{unit}")
    return None if found is None or np.shape(found) != (len(EDGES),) else np.asarray(found, dtype=np.float64)


def _graph(arm: str, label: str, unit: str, runs: _Runs) -> EdgeGraph:
    means, prior = runs.means, runs.prior
    item_deviation = np.mean(runs.deviations, axis=0)
    edges = tuple(
        Edge(
            source=source,
            target=target,
            weight=_mean(means[:, :, place]),
            item_deviation=float(item_deviation[place]),
            run_deviation=run_deviation(means[:, :, place]),
            prior=None if prior is None else float(prior[place]),
        )
        for place, (source, target) in enumerate(EDGES)
    )
    # Normalised over all edges the weights add up to 1; per target, each pair of them does.
    level = round(sum(edge.weight.value for edge in edges)) / len(EDGES)
    return EdgeGraph(
        arm=arm, label=label, unit=unit, edges=edges, level=level, num_runs=int(np.isfinite(means[:, :, 0]).sum())
    )


def _mean(values: FloatArray) -> Estimate:
    estimate = rerun_sum([SeedBlock(values)])
    assert estimate is not None, "a graph has at least one run"
    # A weight is not tested against zero.
    return replace(estimate, p_value=None)


def graphs_of(graphs: Sequence[EdgeGraph], unit: str) -> tuple[EdgeGraph, ...]:
    """Those of one unit."""
    return tuple(graph for graph in graphs if graph.unit == unit)
