"""The measured arms, the contrasts and the methods as CSV."""

from __future__ import annotations

from collections.abc import Sequence

from reports.results.metrics import Metric
from reports.sections.ablation.component_ticks import Tick
from reports.sections.ablation.values import ArmRow, Comparison, ContrastRow, ModelRow
from reports.text.csv_table import ANSWER_COLUMNS, Cell, Table, estimate_pair_cells


def arm_table(arms: Sequence[ArmRow], components: Sequence[str], dataset: str, metrics: Sequence[Metric]) -> Table:
    """Every arm on every metric. dataset: of the published numbers."""
    rows = []
    for row in arms:
        ticks = tuple(tick_cell(row.ticks.get(name)) for name in components)
        counts = row.counts
        for metric in metrics:
            measured = row.measured[metric.name]
            printed = None if row.published is None else row.published.metrics.get(metric.name)
            published = None if printed is None else printed.value
            whose = dataset if published is not None else None
            survivors = None if measured.survivors is None else measured.survivors.value
            numbers = (counts.seeds, counts.cells, counts.failed, counts.missing, survivors, published, whose)
            name = (row.arm, row.label, row.role, row.model, *ticks, metric.name, metric.unit)
            rows.append((*name, *estimate_pair_cells(measured.estimates), *numbers))
    columns = ("arm", "label", "role", "model", *components, "metric", "unit", *ANSWER_COLUMNS)
    columns += ("seeds", "cells", "failed", "missing", "survivors_value", "published", "published_dataset")
    return Table("ablation", columns, tuple(rows))


def tick_cell(tick: Tick | None) -> Cell:
    """``4 of 5`` where cells differ."""
    if tick is None:
        return None
    return tick.share if tick.varies else tick.is_everywhere


_SIZE_COLUMNS = (
    "effect_run_sd",
    "effect_low",
    "effect_high",
    "p_improvement",
    "p_improvement_low",
    "p_improvement_high",
)
_P_COLUMNS = ("p_rerun", "p_new_data", "p_both", "p_rerun_holm", "p_new_data_holm", "p_both_holm")


def contrast_table(comparisons: Sequence[ContrastRow | Comparison], metrics: Sequence[Metric]) -> Table:
    """Every comparison on every metric, the primary one first; tests of the declared contrasts on that one alone."""
    rows = []
    for row in comparisons:
        declared = row if isinstance(row, ContrastRow) else None
        for metric in metrics:
            held = row.differences[metric.name]
            effect, chance = held.effect, held.improvement
            sizes: tuple[Cell, ...] = (None,) * 3 if effect is None else (effect.value, effect.low, effect.high)
            sizes += (None,) * 3 if chance is None else (chance.value, chance.low, chance.high)
            is_primary = metric == metrics[0]
            tests: tuple[Cell, ...] = (None,) * 8
            if is_primary and declared is not None:
                p = declared.p_values
                tests = (p.rerun, p.new_data, p.both, p.rerun_holm, p.new_data_holm, p.both_holm)
                tests += (declared.verdict.kind, declared.verdict.text)
            survivors = None if held.survivors is None else held.survivors.value
            pair = (row.contrast.first, row.contrast.second, row.contrast.isolates, row.contrast.in_family)
            name = (*pair, metric.name, metric.unit, is_primary)
            rows.append((*name, *estimate_pair_cells(held.estimates), *sizes, *tests, row.failed, survivors))
    names = ("first", "second", "isolates", "in_family", "metric", "unit", "is_primary")
    last = ("verdict", "verdict_words", "failed", "survivors_value")
    return Table("contrasts", (*names, *ANSWER_COLUMNS, *_SIZE_COLUMNS, *_P_COLUMNS, *last), tuple(rows))


def method_table(models: Sequence[ModelRow], metric: Metric) -> Table:
    """Every method, and its difference from the baseline."""
    rows = []
    for model in models:
        difference = None if model.to_baseline is None else model.to_baseline.estimates
        measured = model.row.measured[metric.name]
        rows.append(
            (model.row.arm, model.row.model, *estimate_pair_cells(measured.estimates), *estimate_pair_cells(difference))
        )
    names = tuple(f"baseline_minus_method_{name}" for name in ANSWER_COLUMNS)
    return Table("methods", ("arm", "model", *ANSWER_COLUMNS, *names), tuple(rows))
