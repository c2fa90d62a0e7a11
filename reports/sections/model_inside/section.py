"""The sections on training and on what the models learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.drawing.figure_reference import refer_to_figures
from reports.drawing.plot import NoPlot, Plot
from reports.records.study_description import StudyDescription
from reports.results.highlighted_arms import HighlightedArms
from reports.sections.model_inside.csv import edge_table, learning_table, probe_table
from reports.sections.model_inside.edges import EdgeGraphs
from reports.sections.model_inside.edges_figure import edge_plot
from reports.sections.model_inside.feature_maps import FeatureMaps
from reports.sections.model_inside.feature_maps_figure import class_map_plot, modality_map_plot
from reports.sections.model_inside.learning_curves import LearningCurves
from reports.sections.model_inside.learning_curves_figure import learning_plot, why_no_curves
from reports.sections.model_inside.text import edge_grid, probe_grid, shown_graphs
from reports.sections.section import LeftOut, Section
from reports.text.csv_table import Table
from reports.text.seeds_and_folds import over_cells
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class TrainingSection(Section):
    """The learning curves.

    Attributes:
        learning: of every arm that gradients train.
        highlighted: the arms that the figure shows.
        study: whose arms these are.
        is_official: whether there is one split, and so no folds.
    """

    title: ClassVar[str] = "Training"

    learning: LearningCurves
    highlighted: HighlightedArms
    study: StudyDescription
    is_official: bool

    def markdown(self) -> str:
        """The figure."""
        (figure,) = refer_to_figures(self.figures()).values()
        return "" if why_no_curves(self.learning, self.highlighted) else figure

    def left_out(self) -> tuple[LeftOut, ...]:
        """The curves, where there are none."""
        missing = why_no_curves(self.learning, self.highlighted)
        return (LeftOut("learning curves", missing),) if missing else ()

    def csv_tables(self) -> tuple[Table, ...]:
        """Every epoch of every arm."""
        return (learning_table(self.learning),)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """The learning curves of the highlighted arms."""
        return (learning_plot(self.learning, self.study, self.highlighted, self.is_official),)


@dataclass(frozen=True)
class ModelInsideSection(Section):
    """Learned edges, and what the features hold.

    Attributes:
        edges: of every arm that has a unit.
        features: of the named runs.
        baseline: its edges are shown where it has some.
        groups_are: what test items belong to.
        is_official: whether there is one split, and so no folds.
    """

    title: ClassVar[str] = "Inside the models"

    edges: EdgeGraphs
    features: FeatureMaps
    baseline: str
    groups_are: str
    is_official: bool

    def markdown(self) -> str:
        """Figures of edges and features, and two tables."""
        if not (self.edges.graphs or self.features.maps):
            return ""
        shown = shown_graphs(self.edges.graphs, self.baseline)
        return render_markdown_template(
            "sections/model_inside/section.md.j2",
            edges=self.edges,
            edge_figures=[f"edges-{unit}" for unit in self.edges.units],
            features=self.features,
            edge_grid=edge_grid(shown),
            edges_of=next((graph.label for graph in shown), ""),
            probe_grid=probe_grid(self.features.maps, self.groups_are),
            groups_are=self.groups_are,
            figures=refer_to_figures(self.figures()),
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Edges and features, where there are none."""
        edges = () if self.edges.graphs else (LeftOut("who teaches whom", self.edges.note),)
        return edges if self.features.maps else (*edges, LeftOut("what the features hold", self.features.note))

    def csv_tables(self) -> tuple[Table, ...]:
        """The edges of every arm, and every probe."""
        return edge_table(self.edges.graphs), probe_table(self.features.maps)

    def figures(self) -> tuple[Plot | NoPlot, ...]:
        """Edges by unit, then features by class and by modality."""
        averaged_over = over_cells(self.is_official)
        return (
            *(edge_plot(self.edges, unit, averaged_over) for unit in self.edges.units),
            class_map_plot(self.features, self.groups_are),
            modality_map_plot(self.features),
        )
