"""The tables on what the models learned, as text: edges, and probes of the features."""

from __future__ import annotations

from collections.abc import Sequence

from reports.sections.model_inside.edges import Edge, EdgeGraph, unit_label
from reports.sections.model_inside.feature_maps import FeatureMap
from reports.sections.model_inside.probe import Probe
from reports.text.markdown_table import Grid
from reports.text.number_cells import interval_cell
from reports.text.rounding import ABSENT, decimals_for, fixed

_DECIMALS = 3


def edge_grid(graphs: Sequence[EdgeGraph]) -> Grid | None:
    """Every edge of these graphs; None without any."""
    if not graphs:
        return None
    headings = ("Unit", "Edge", "runs", "weight", "rerun 95%", "SD over items", "SD over runs")
    edges = [(graph, edge) for graph in graphs for edge in graph.edges]
    rows = tuple(_edge_cells(graph, edge) for graph, edge in edges)
    grid = Grid(headings, "llrrrrr", rows, blocks=tuple(range(6, len(rows), 6)))
    if all(edge.prior is None for _, edge in edges):
        return grid
    return grid.with_column("prior", "r", [fixed(edge.prior, _decimals_of(edge)) for _, edge in edges])


def shown_graphs(graphs: Sequence[EdgeGraph], baseline: str) -> tuple[EdgeGraph, ...]:
    """The graphs of the baseline, or of the first arm that has any."""
    arms = [baseline, *(graph.arm for graph in graphs)]
    return next((found for arm in arms if (found := tuple(g for g in graphs if g.arm == arm))), ())


def _edge_cells(graph: EdgeGraph, edge: Edge) -> tuple[str, ...]:
    decimals = _decimals_of(edge)
    return (
        unit_label(graph.unit),
        f"{edge.source} → {edge.target}",
        str(graph.num_runs),
        fixed(edge.weight.value, decimals),
        interval_cell(edge.weight, decimals),
        fixed(edge.item_deviation, decimals),
        fixed(edge.run_deviation, decimals),
    )


def _decimals_of(edge: Edge) -> int:
    return max(decimals_for([edge.weight.half_width], _DECIMALS), _DECIMALS)


def probe_grid(maps: Sequence[FeatureMap], groups_are: str) -> Grid | None:
    """What a linear probe reads off the features of each shown run; None without features."""
    rows = [row for found in maps for row in _probe_rows(found)]
    if not rows:
        return None
    headings = ("Arm", "Read off", "what", "points", groups_are, "accuracy", f"95% over {groups_are}", "chance")
    return Grid(headings, "lllrrrrr", tuple(rows))


def _probe_rows(found: FeatureMap) -> list[tuple[str, ...]]:
    asked: list[tuple[str, str, Probe | None]] = [
        *_class_probes(found),
        ("common", "modality", found.by_modality.common),
        ("exclusive", "modality", found.by_modality.exclusive),
    ]
    rows: list[tuple[str, ...]] = []
    for features, target, probe in asked:
        if probe is not None:
            interval = interval_cell(probe.accuracy, 2) if probe.accuracy.low is not None else ABSENT
            numbers = (str(probe.n), str(probe.num_groups), fixed(probe.accuracy.value, 2), interval)
            rows.append((found.label, features, target, *numbers, fixed(probe.chance, 2)))
    return rows


def _class_probes(found: FeatureMap) -> tuple[tuple[str, str, Probe | None], ...]:
    of_classes = found.by_class
    if of_classes is None:
        return ()
    return (
        ("common, side by side", "sign", of_classes.sign),
        ("common, side by side", "seven classes", of_classes.seven),
        ("common, side by side", "class", of_classes.named),
    )
