"""Learning curves: the objective on validation, epoch by epoch, one panel per arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, GREY, MUTED, SMALL
from reports.records.study_description import StudyDescription
from reports.results.highlighted_arms import HighlightedArms
from reports.sections.model_inside.learning_curves import LearningCurve, LearningCurves
from reports.text.listing import list_names
from reports.text.rounding import fixed
from reports.text.seeds_and_folds import over_cells

NAME = "learning-curves"

_MOST_ROOM = 1.0
"""How far the axis may reach beyond the median arm, in extents of that arm."""


def why_no_curves(learning: LearningCurves, highlighted: HighlightedArms) -> str:
    """Why there is nothing to draw; empty if there is something."""
    if not learning.curves:
        return "no confirm run has completed an epoch of training"
    if not any(curve.arm in highlighted.names for curve in learning.curves):
        return "no gradient trains the arms that are shown in detail"
    return ""


def learning_plot(
    learning: LearningCurves, study: StudyDescription, highlighted: HighlightedArms, is_official: bool
) -> Plot | NoPlot:
    """The learning curves of the highlighted arms.

    is_official: whether there is one split, and so no folds.
    """
    missing = why_no_curves(learning, highlighted)
    if missing:
        return NoPlot(NAME, f"No learning curves: {missing}.")
    found = replace(learning, curves=tuple(curve for curve in learning.curves if curve.arm in highlighted.names))
    metric = found.metric
    told = "; ".join(
        f"{curve.label} from {fixed(float(curve.mean[0]), metric.decimals)} to "
        f"{fixed(float(curve.mean[-1]), metric.decimals)} in {len(curve.mean)} epochs, {curve.num_runs[0]} runs"
        for curve in found.curves
    )
    left_out = sum(curve.num_left_out for curve in found.curves)
    without = f" Without {left_out} failed runs." if left_out else ""
    others = [arm.label for arm in study.arms if not arm.has_gradients]
    without += f" No gradient trains {list_names(others)}: no curve." if others else ""
    has_reference = len(found.curves) > 1 and any(curve.arm == study.baseline for curve in found.curves)
    dashed = "; dashed: the baseline" if has_reference else ""
    without += f" {highlighted.selection}".rstrip()
    caption = (
        f"{metric.label} on the validation part after every epoch, confirm runs only. {_lines(is_official)}{dashed}; "
        "triangle: median epoch that was kept. A curve ends where half of its runs have stopped; "
        "axes are cut where one arm would dwarf all others." + without
    )
    return Plot(
        name=NAME,
        title=f"Learning curves: {metric.label} on validation",
        description=f"Mean over {over_cells(is_official)}: {told}.",
        caption=caption,
        draw=lambda: draw_learning(found, study.baseline),
    )


def _lines(is_official: bool) -> str:
    if is_official:
        return "Blue: mean over seeds; band: one standard deviation between them"
    band = "band: one standard deviation between seeds of a fold"
    return f"Blue: mean over folds of the means over seeds; {band}; thin: the folds"


def draw_learning(found: LearningCurves, baseline: str) -> Figure:
    """One panel per arm on common axes, so that heights compare."""
    figure, places = panels([curve.label for curve in found.curves], PanelGrid(4, 1.25, title_size=SMALL))
    reference = next((curve for curve in found.curves if curve.arm == baseline), None)
    low, high = _limits(found)
    lengths = [len(curve.mean) for curve in found.curves]
    longest = min(max(lengths), int(np.ceil(1.5 * np.median(lengths))))
    for place, (axes, curve) in enumerate(zip(places, found.curves, strict=True)):
        epochs = np.arange(1, len(curve.mean) + 1)
        if len(curve.cells) > 1:
            axes.plot(epochs, curve.cells.T, color=GREY, linewidth=0.6, alpha=0.7)
        band = np.nan_to_num(curve.seed_deviation)
        axes.fill_between(epochs, curve.mean - band, curve.mean + band, color=BLUE, alpha=0.25, linewidth=0)
        if reference is not None and reference is not curve:
            at = np.arange(1, len(reference.mean) + 1)
            axes.plot(at, reference.mean, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)))
        axes.plot(epochs, curve.mean, color=BLUE, linewidth=1.8, marker="o" if len(epochs) == 1 else None)
        axes.plot([min(curve.chosen, longest)], [low], "^", color=BLUE, markersize=5, clip_on=False)
        axes.set_xlim(0.5, longest + 0.5)
        axes.set_ylim(low, high)
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if place % 4:
            axes.set_yticklabels([])
        if place + 4 >= len(places):
            axes.set_xlabel("epoch")
    return figure


def _limits(found: LearningCurves) -> tuple[float, float]:
    """What holds every mean and band, and nearly all of the folds; an arm that leaves all others behind is cut off."""
    lows, highs = (np.array(ends) for ends in zip(*map(_extent, found.curves), strict=True))
    low, high = float(np.median(lows)), float(np.median(highs))
    room = _MOST_ROOM * (high - low)
    low, high = max(float(lows.min()), low - room), min(float(highs.max()), high + room)
    margin = 0.05 * (high - low) or 0.05 * max(abs(high), 1.0)
    return low - margin, high + margin


def _extent(curve: LearningCurve) -> tuple[float, float]:
    band = np.nan_to_num(curve.seed_deviation)
    folds = np.quantile(curve.cells, [0.02, 0.98])
    return min(float((curve.mean - band).min()), float(folds[0])), max(
        float((curve.mean + band).max()), float(folds[1])
    )
