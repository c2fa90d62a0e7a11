"""Every figure that a report can hold, in one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.figures.arms import arm_plot
from reports.figures.edges import edge_plot
from reports.figures.feature_maps import class_map_plot, modality_map_plot
from reports.figures.forest import contrast_plot
from reports.figures.interactions import interaction_plot
from reports.figures.learning import learning_plot
from reports.figures.parallel import parallel_plot
from reports.figures.pareto import pareto_plot
from reports.figures.plot import NoPlot, Plot
from reports.figures.sensitivity import sensitivity_plot
from reports.figures.tuning import tuning_plot
from reports.report import Report

_MAKERS: tuple[Callable[[Report], Plot | NoPlot], ...] = (
    contrast_plot,
    arm_plot,
    interaction_plot,
    learning_plot,
    parallel_plot,
    sensitivity_plot,
    tuning_plot,
    pareto_plot,
    lambda report: edge_plot(report, "homo"),
    lambda report: edge_plot(report, "hetero"),
    class_map_plot,
    modality_map_plot,
)


def plots_of(report: Report) -> Mapping[str, Plot | NoPlot]:
    """The figures of ``report`` by name, none of them drawn yet, with a reason in the place of those it cannot have."""
    made = [make(report) for make in _MAKERS]
    return {plot.name: plot for plot in made}
