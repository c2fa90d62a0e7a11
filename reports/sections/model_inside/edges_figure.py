"""Learned edges as directed graphs of the three modalities, one small graph per arm, one figure per unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, GREY, INK, MUTED, ORANGE, SMALL, bare
from reports.sections.model_inside.edges import MODALITIES, Edge, EdgeGraph, EdgeGraphs, graphs_of, unit_label

MOST_GRAPHS = 9

_PLACES = {"language": (0.0, 1.0), "audio": (-0.92, -0.6), "vision": (0.92, -0.6)}
_WORD = np.array([0.42, 0.2])
"""Half axes of the ellipse around a modality's name that edges stay out of."""

_ASIDE = 0.09
"""How far an edge lies from the straight line between its ends."""


def edge_plot(edges: EdgeGraphs, unit: str, averaged_over: str) -> Plot | NoPlot:
    """The learned edges of one unit, for every arm that has it. averaged_over: what a mean of runs goes over."""
    name = f"edges-{unit}"
    graphs = graphs_of(edges.graphs, unit)
    if not graphs:
        reason = edges.note or "no arm has this unit"
        return NoPlot(name, f"No learned edges of {unit_label(unit)}: {reason}.")
    shown, rest = graphs[:MOST_GRAPHS], graphs[MOST_GRAPHS:]
    told = "; ".join(f"{graph.label}: {', '.join(_tell(edge) for edge in graph.edges)}" for graph in shown)
    skipped = f" Not drawn, but in the table: {', '.join(graph.label for graph in rest)}." if rest else ""
    prior = " In brackets: the prior that was added in training." if _has_prior(shown) else ""
    caption = (
        f"Weights of the six edges of {unit_label(unit)}, from teacher to student: mean over test items, "
        f"{averaged_over}, ± standard deviation over items. If no teacher were preferred all were "
        f"{graphs[0].level:.3f}: blue edges are shown above it by their rerun interval, orange ones below, grey ones "
        "neither. Widths are in "
        f"proportion to weights. {_runs(shown)}{prior}{skipped}"
    )
    return Plot(
        name=name,
        title=f"Learned edges of {unit_label(unit)}",
        description=f"Weight ± standard deviation over test items. {told}.",
        caption=caption,
        draw=lambda: draw_edges(shown),
    )


def _tell(edge: Edge) -> str:
    return f"{edge.source} to {edge.target} {edge.weight.value:.3f} ± {edge.item_deviation:.3f}"


def _runs(graphs: Sequence[EdgeGraph]) -> str:
    numbers = [graph.num_runs for graph in graphs]
    fewest, most = min(numbers), max(numbers)
    return f"n = {most} runs of each arm." if fewest == most else f"n = {fewest} to {most} runs of an arm."


def _has_prior(graphs: Sequence[EdgeGraph]) -> bool:
    return any(edge.prior is not None for graph in graphs for edge in graph.edges)


def draw_edges(graphs: Sequence[EdgeGraph]) -> Figure:
    """One graph per arm. Weights with a prior are long, so graphs with one are larger."""
    columns, height = (2, 2.6) if _has_prior(graphs) else (3, 2.0)
    figure, places = panels(
        [graph.label for graph in graphs], PanelGrid(columns, height, gap=(0.25, 0.42), left=0.05, bottom=0.05)
    )
    for axes, graph in zip(places, graphs, strict=True):
        bare(axes)
        box = axes.get_window_extent()
        half = 1.1 * box.width / box.height  # the same scale in both directions
        axes.set_xlim(-half, half)
        axes.set_ylim(-0.95, 1.25)
        for edge in graph.edges:
            _draw_edge(axes, edge, graph.level)
        for modality in MODALITIES:
            x, y = _PLACES[modality]
            axes.text(x, y, modality, color=INK, fontsize=SMALL, fontweight="bold", ha="center", va="center")
    return figure


def _draw_edge(axes: Axes, edge: Edge, level: float) -> None:
    """An arrow to the right of the straight line, so that the two edges of a pair show; its weight along it."""
    start, end = np.array(_PLACES[edge.source]), np.array(_PLACES[edge.target])
    along = (end - start) / np.linalg.norm(end - start)
    aside = np.array([along[1], -along[0]])
    clear = 1 / np.sqrt(((along / _WORD) ** 2).sum())
    tail, head = start + aside * _ASIDE + along * clear, end + aside * _ASIDE - along * clear
    axes.add_patch(
        FancyArrowPatch(
            tail,
            head,
            arrowstyle="-|>,head_length=5,head_width=2.6",
            shrinkA=0,
            shrinkB=0,
            mutation_scale=1.0,
            linewidth=0.4 + 1.4 * edge.weight.value / level,
            color=_color(edge, level),
            capstyle="butt",
        )
    )
    prior = "" if edge.prior is None else f" ({edge.prior:.2f})"
    x, y = (tail + head) / 2 + aside * 0.14
    angle = np.degrees(np.arctan2(along[1], along[0]))
    axes.text(
        float(x),
        float(y),
        f"{edge.weight.value:.3f} ± {edge.item_deviation:.3f}{prior}",
        color=MUTED,
        fontsize=SMALL - 0.8,
        ha="center",
        va="center",
        rotation=float((angle + 90) % 180 - 90),  # never upside down
        rotation_mode="anchor",
    )


def _color(edge: Edge, level: float) -> str:
    """Whether new seeds would find the weight on the same side of ``level``."""
    if edge.weight.low is None or edge.weight.high is None:
        return GREY
    return BLUE if edge.weight.low > level else ORANGE if edge.weight.high < level else GREY
