"""The CSV tables on training and on what the models learned."""

from __future__ import annotations

from collections.abc import Sequence

from reports.sections.model_inside.edges import EdgeGraph
from reports.sections.model_inside.feature_maps import FeatureMap
from reports.sections.model_inside.learning_curves import LearningCurves
from reports.sections.model_inside.probe import Probe
from reports.statistics.estimate import Estimate
from reports.text.csv_table import Cell, Table


def learning_table(learning: LearningCurves) -> Table:
    """The learning curve of every arm that has one."""
    metric = learning.metric
    rows: list[tuple[Cell, ...]] = []
    for curve in learning.curves:
        lowest, highest = curve.cells.min(axis=0), curve.cells.max(axis=0)
        for place, mean in enumerate(curve.mean.tolist()):
            spread = (float(curve.seed_deviation[place]), float(lowest[place]), float(highest[place]))
            rows.append((curve.arm, metric.name, metric.unit, place + 1, mean, *spread, int(curve.num_runs[place])))
    columns = ("arm", "valid_metric", "unit", "epoch", "mean", "seed_sd", "lowest_cell", "highest_cell", "runs")
    return Table("learning_curves", columns, tuple(rows))


def edge_table(graphs: Sequence[EdgeGraph]) -> Table:
    """The edges of every arm that has some."""
    rows: list[tuple[Cell, ...]] = []
    for graph in graphs:
        for edge in graph.edges:
            spread = (edge.item_deviation, edge.run_deviation, edge.prior, graph.level)
            name = (graph.arm, graph.unit, edge.source, edge.target, edge.weight.value)
            rows.append((*name, *_interval(edge.weight), *spread))
    columns = ("arm", "unit", "source", "target", "weight", "rerun_low", "rerun_high", "rerun_df", "runs")
    return Table("edges", (*columns, "item_sd", "run_sd", "prior", "equal_weight"), tuple(rows))


def probe_table(maps: Sequence[FeatureMap]) -> Table:
    """The probes of every run whose features are shown."""
    rows: list[tuple[Cell, ...]] = []
    for found in maps:
        asked: tuple[tuple[str, str, Probe | None], ...] = (
            *_class_probes(found),
            ("common", "modality", found.by_modality.common),
            ("exclusive", "modality", found.by_modality.exclusive),
        )
        for features, target, probe in asked:
            if probe is not None:
                run = (found.arm, found.trial_id, found.seed, found.cell, features, target, probe.n)
                rows.append((*run, probe.accuracy.value, *_interval(probe.accuracy), probe.chance))
    columns = ("arm", "trial_id", "seed", "cell", "features", "target", "points", "accuracy")
    return Table("probes", (*columns, "low", "high", "df", "groups", "chance"), tuple(rows))


def _interval(estimate: Estimate) -> tuple[Cell, ...]:
    return estimate.low, estimate.high, estimate.df, estimate.n


def _class_probes(found: FeatureMap) -> tuple[tuple[str, str, Probe | None], ...]:
    of_classes = found.by_class
    if of_classes is None:
        return ()
    return (
        ("common_side_by_side", "sign", of_classes.sign),
        ("common_side_by_side", "seven_classes", of_classes.seven),
        ("common_side_by_side", "class", of_classes.named),
    )
