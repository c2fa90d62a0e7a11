"""Every figure that a report can hold, in one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reports.drawing.plot import NoPlot, Plot
from reports.report import Report
from reports.sections.ablation.arms_figure import arm_plot
from reports.sections.ablation.forest_figure import contrast_plot
from reports.sections.attribution.figure import interaction_plot
from reports.sections.hyperparameters.parallel_figure import parallel_plot
from reports.sections.hyperparameters.sensitivity_figure import sensitivity_plot
from reports.sections.model_inside.edges_figure import edge_plot
from reports.sections.model_inside.feature_maps_figure import class_map_plot, modality_map_plot
from reports.sections.model_inside.learning_curves_figure import learning_plot
from reports.sections.pareto.figure import pareto_plot
from reports.sections.tuning.figure import tuning_plot

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
