"""Every figure that a report can hold, in one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.figures.arms import arm_plot
from reports.figures.forest import contrast_plot
from reports.figures.pareto import pareto_plot
from reports.figures.plot import NoPlot, Plot
from reports.report import Report

_MAKERS: tuple[Callable[[Report], Plot | NoPlot], ...] = (contrast_plot, arm_plot, pareto_plot)


def plots_of(report: Report) -> Mapping[str, Plot | NoPlot]:
    """The figures of ``report`` by name, none of them drawn yet, with a reason in the place of those it cannot have."""
    made = [make(report) for make in _MAKERS]
    return {plot.name: plot for plot in made}
