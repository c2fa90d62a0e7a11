"""The trade-off figure: every search trial by its first two objectives, the front of each arm joined by steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import MARKERS, SERIES, SMALL, WIDTH
from reports.results.metrics import known_metric
from reports.sections.pareto.text import objective_label, value_text
from reports.sections.pareto.values import DEVICE_SECONDS, ParetoFront, ParetoTable, is_higher_better

NAME = "pareto"

_MOST_ARMS = len(SERIES)


def pareto_plot(table: ParetoTable | None, num_cells: int) -> Plot | NoPlot:
    """The figure of the fronts of the first cell: fronts of other folds were searched on other data.

    num_cells: of the study. table: None where the search had one objective, or there was none.
    """
    if table is None:
        return NoPlot(NAME, "No trade-off was searched: the search has one objective, or there is none.")
    fronts = [front for front in table.fronts if front.points]
    fronts = [front for front in fronts if front.cell == fronts[0].cell][:_MOST_ARMS]
    if not fronts:
        return NoPlot(NAME, "No front: no search trial has completed with all objectives.")
    first, second = table.objectives[:2]
    told = "; ".join(_describe(front, first, second) for front in fronts)
    where = "" if num_cells == 1 else f" on {fronts[0].cell.name}"
    caption = (
        "Each mark is one search trial; filled ones, joined, are those that no other trial of the same arm beats in "
        "every objective. Values of single runs, picked for being good: optimistic."
    )
    return Plot(
        name=NAME,
        title=f"{objective_label(first)} against {objective_label(second)} of the search trials{where}",
        description=f"Ends of each front: {told}.",
        caption=caption,
        draw=lambda: draw_fronts(fronts, first, second),
    )


def draw_fronts(fronts: Sequence[ParetoFront], first: str, second: str) -> Figure:
    """The second objective to the right, the first upwards."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for front, color, marker in zip(fronts, SERIES, MARKERS, strict=False):
        across, up = _scaled(front.beaten, second, 1), _scaled(front.beaten, first, 0)
        axes.plot(
            across, up, linestyle="none", marker=marker, markersize=3.5, color=color, fillstyle="none", alpha=0.55
        )
        points = np.array([point.values for point in front.points])
        order = np.argsort(points[:, 1], kind="stable")
        across, up = _scaled(points[order], second, 1), _scaled(points[order], first, 0)
        # Between two points of a front the better one of those that can be paid holds: steps, not slopes.
        steps = "steps-pre" if is_higher_better(second) else "steps-post"
        axes.plot(across, up, color=color, marker=marker, markersize=5, linewidth=1.1, drawstyle=steps, label=front.arm)
    axes.set_xlabel(_axis_label(second))
    axes.set_ylabel(_axis_label(first))
    if len(fronts) > 1:
        axes.legend(frameon=False, fontsize=SMALL)
    return figure


def _scaled(values: np.ndarray, objective: str, place: int) -> np.ndarray:
    metric = known_metric(objective.removeprefix("valid/"))
    return np.asarray(values[:, place] * (1.0 if metric is None else metric.factor))


def _axis_label(objective: str) -> str:
    metric = known_metric(objective.removeprefix("valid/"))
    unit = "s" if objective == DEVICE_SECONDS else "" if metric is None else metric.unit
    better = "higher" if is_higher_better(objective) else "lower"
    return f"{objective_label(objective)}{f' in {unit}' if unit else ''} ({better} is better)"


def _describe(front: ParetoFront, first: str, second: str) -> str:
    ends = (front.points[0], front.points[-1])
    told = [f"{value_text(first, point.values[0])} at {value_text(second, point.values[1])}" for point in ends]
    return f"{front.arm} from {told[0]} to {told[1]}"
