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
    has_prior = any(edge.prior is not None for graph in graphs for edge in graph.edges)
    headings = ("Unit", "Edge", "runs", "weight", "rerun 95%", "SD over items", "SD over runs")
    rows = [_edge_cells(graph, edge, has_prior) for graph in graphs for edge in graph.edges]
    blocks = tuple(range(6, len(rows), 6))
    return Grid(
        (*headings, "prior") if has_prior else headings, "llrrrrr" + "r" * has_prior, tuple(rows), blocks=blocks
    )


def shown_graphs(graphs: Sequence[EdgeGraph], baseline: str) -> tuple[EdgeGraph, ...]:
    """The graphs of the baseline, or of the first arm that has any."""
    arms = [baseline, *(graph.arm for graph in graphs)]
    return next((found for arm in arms if (found := tuple(g for g in graphs if g.arm == arm))), ())


def _edge_cells(graph: EdgeGraph, edge: Edge, has_prior: bool) -> tuple[str, ...]:
    decimals = max(decimals_for([edge.weight.half_width], _DECIMALS), _DECIMALS)
    cells = (
        unit_label(graph.unit),
        f"{edge.source} → {edge.target}",
        str(graph.num_runs),
        fixed(edge.weight.value, decimals),
        interval_cell(edge.weight, decimals),
        fixed(edge.item_deviation, decimals),
        fixed(edge.run_deviation, decimals),
    )
    return (*cells, fixed(edge.prior, decimals)) if has_prior else cells


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
