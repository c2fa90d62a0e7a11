"""Where the figure of edges puts its words."""

from __future__ import annotations

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Text

from reports.sections.model_inside.edges import EDGES, Edge, EdgeGraph
from reports.sections.model_inside.edges_figure import draw_edges
from reports.statistics.estimate import Estimate


def graph(label: str, prior: float | None) -> EdgeGraph:
    """Weights that take the most room."""
    weight = Estimate(0.298, 0.274, 0.322, 25, 20, "rerun")
    edges = tuple(Edge(source, target, weight, 0.017, 0.058, prior) for source, target in EDGES)
    return EdgeGraph(label, label, "hetero", edges, 1 / 6, 25)


def outlines(figure: Figure) -> list[Path]:
    """The turned rectangle around every text of every panel."""
    figure.draw_without_rendering()
    return [_outline(text) for axes in figure.axes for text in axes.texts if text.get_text()]


def _outline(text: Text) -> Path:
    angle = np.radians(text.get_rotation())
    text.set_rotation(0.0)
    corners = text.get_window_extent().padded(-1.0).corners()[[0, 1, 3, 2]]
    text.set_rotation(np.degrees(angle))
    anchor = text.get_transform().transform(text.get_position())
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = (corners - anchor) @ turn + anchor
    return Path([*turned, turned[0]], closed=True)


@pytest.mark.parametrize("prior", [None, 0.33])
@pytest.mark.parametrize("num_graphs", [1, 6])
def test_no_word_lies_on_another(num_graphs: int, prior: float | None) -> None:
    figure = draw_edges([graph(f"w/o part {n}", prior) for n in range(num_graphs)])
    found = outlines(figure)
    plt.close(figure)
    assert len(found) == 10 * num_graphs  # the arm, three modalities, six weights
    assert [pair for pair in combinations(range(len(found)), 2) if found[pair[0]].intersects_path(found[pair[1]])] == []
