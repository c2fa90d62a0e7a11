"""The interaction plot of a factorial: the mean at each of the four levels of every pair of components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.drawing.panels import PanelGrid, panels
from reports.drawing.plot import NoPlot, Plot
from reports.drawing.style import BLUE, MUTED, ORANGE, SMALL
from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.sections.attribution.values import Factorial, LevelMean
from reports.text.number_cells import mean_cell

NAME = "interactions"


def interaction_plot(factorial: Factorial | None, metric: Metric, labels: Mapping[str, str]) -> Plot | NoPlot:
    """The interaction plot of a factorial.

    Args:
        factorial: with the levels; None where there is none.
        metric: the primary one.
        labels: component -> as readers see it.
    """
    levels = () if factorial is None else factorial.levels
    if not any(level.estimates[metric.name] for level in levels):
        return NoPlot(NAME, "No interaction plot: it needs every combination of at least two components.")
    told = "; ".join(
        f"{_level_name(level, labels)} {mean_cell(level.estimates[metric.name], metric)}" for level in levels
    )
    caption = (
        f"Mean {metric.label} with one component off and on (left to right), with the other one on (blue) and off "
        "(orange), averaged over the remaining components. Bars: 95% rerun intervals. Parallel lines: neither changes "
        "what the other is worth; how far from parallel they are is the interaction in the table above."
    )
    return Plot(
        name=NAME,
        title=f"Interaction plot of the components in {metric.label}",
        description=f"Mean (± rerun, ± new data): {told}.",
        caption=caption,
        draw=lambda: draw_interactions(levels, metric, labels),
    )


def _level_name(level: LevelMean, labels: Mapping[str, str]) -> str:
    return ", ".join(
        f"{labels[component]} {'on' if is_on else 'off'}"
        for component, is_on in zip(level.components, level.on, strict=True)
    )


def draw_interactions(levels: Sequence[LevelMean], metric: Metric, labels: Mapping[str, str]) -> Figure:
    """One panel per pair of components: the first one along the axis, the second one by colour and marker."""
    estimates = {(level.components, level.on): level.estimates[metric.name] for level in levels}
    pairs = list(dict.fromkeys(level.components for level in levels))
    titles = [f"{labels[one]} and {labels[other]}" for one, other in pairs]
    figure, places = panels(titles, PanelGrid(3, 1.5, gap=(0.75, 0.6)))
    for number, (axes, pair) in enumerate(zip(places, pairs, strict=True)):
        for is_other_on, color, marker in ((True, BLUE, "o"), (False, ORANGE, "s")):
            ends = [estimates[pair, (is_on, is_other_on)] for is_on in (False, True)]
            _draw_line(axes, ends, 0.04 if is_other_on else -0.04, color, marker)
        _name_lines(axes, labels[pair[1]], [estimates[pair, (True, is_other_on)] for is_other_on in (False, True)])
        axes.set_xlim(-0.25, 2.0)
        axes.set_xticks([0, 1], ["off", "on"])
        axes.set_xlabel(labels[pair[0]])
        axes.locator_params(axis="y", nbins=4)
        axes.grid(axis="y")
        if number % 3 == 0:
            axes.set_ylabel(metric.label)
    return figure


def _draw_line(axes: Axes, ends: Sequence[EstimatePair | None], shift: float, color: str, marker: str) -> None:
    """From off to on, with rerun intervals."""
    places = [place + shift for place, estimates in enumerate(ends) if estimates is not None]
    found = [estimates for estimates in ends if estimates is not None]
    for place, estimates in zip(places, found, strict=True):
        if estimates.rerun.low is not None and estimates.rerun.high is not None:
            axes.plot([place] * 2, [estimates.rerun.low, estimates.rerun.high], color=color, linewidth=1.0)
    axes.plot(places, [estimates.value for estimates in found], color=color, linewidth=1.4, marker=marker, markersize=5)


def _name_lines(axes: Axes, other: str, ends: Sequence[EstimatePair | None]) -> None:
    """Off and on at the right ends of the two lines, pushed apart where the lines meet."""
    values = [estimates.value for estimates in ends if estimates is not None]
    for word, estimates in zip(("off", "on"), ends, strict=True):
        if estimates is not None:
            vertical = "bottom" if estimates.value >= max(values) else "top"
            at = (1.06, estimates.value)
            name = f"{other} {word}"
            axes.annotate(name, at, (5, 0), textcoords="offset points", color=MUTED, fontsize=SMALL, va=vertical)
