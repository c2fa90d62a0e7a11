"""The tables of measured numbers as text: ablation, published beside measured, contrasts, methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.sections.ablation.answer import verdict_text
from reports.sections.ablation.values import AblationTable, ArmRow, Comparison, ContrastRow, MetricDifference, ModelRow
from reports.text.contrasts import name_contrast
from reports.text.markdown_table import Grid, deal_columns
from reports.text.number_cells import column_decimals, difference_cells, mean_cell, mean_column, runs_cell, value_cells
from reports.text.rounding import ABSENT, count, fixed, p_text


def _ticks(row: ArmRow, components: Iterable[str]) -> tuple[str, ...]:
    ticks = row.ticks
    return tuple(ticks[name].mark if name in ticks else "" for name in components)


def primary_columns(row: ArmRow, metric: Metric, decimals: int) -> tuple[str, ...]:
    """Runs, mean and both intervals of one arm. decimals: of the column."""
    return runs_cell(row.counts), *value_cells(row.measured[metric.name].estimates, decimals)


def ablation_grid(table: AblationTable, metric: Metric) -> Grid:
    """Arms with their components and the primary metric, and survivors-only figures where runs failed."""
    headings = ("Arm", *table.components.values(), "runs", _heading(metric), "rerun 95%", "new data 95%")
    decimals = column_decimals((row.measured[metric.name].estimates for row in table.rows), metric)
    rows = tuple(
        (row.label, *_ticks(row, table.components), *primary_columns(row, metric, decimals)) for row in table.rows
    )
    grid = Grid(headings, "l" + "c" * len(table.components) + "rrrr", rows)
    survivors = [row.measured[metric.name].survivors for row in table.rows]
    return _with_survivors(grid, survivors, metric, decimals)


def ticks_sentence(table: AblationTable) -> str:
    """What a mark with a share means; empty where no arm has one."""
    ticks = (tick for row in table.rows for tick in row.ticks.values())
    share = next((tick.share for tick in ticks if tick.varies), None)
    if share is None:
        return ""
    return (
        f"\N{CHECK MARK} in {share}: the search of each cell chose for itself, and so many chose the component; "
        "tables/cells.csv says which, and how many parameters the model had there."
    )


def other_metric_grids(arms: Sequence[ArmRow], others: Sequence[Metric], most: int = 3) -> Iterator[Grid]:
    """Every arm on the metrics other than the primary, a few per table, in all about as many."""
    for shown in deal_columns(others, most):
        columns = (mean_column([row.measured[metric.name].estimates for row in arms], metric) for metric in shown)
        heads = ([row.label for row in arms], [runs_cell(row.counts) for row in arms])
        rows = tuple(zip(*heads, *columns, strict=True))
        yield Grid(("Arm", "runs", *(_heading(metric) for metric in shown)), "lr" + "r" * len(shown), rows)


def contrast_size_grid(contrasts: Sequence[ContrastRow], metric: Metric) -> Grid:
    """How large each declared contrast is."""
    headings = ("", "Contrast", "pairs", f"{metric.label} difference", "rerun 95%", "new data 95%")
    differences = [row.differences[metric.name] for row in contrasts]
    decimals = column_decimals((difference.estimates for difference in differences), metric)
    rows = tuple(
        (str(number), row.contrast.pair, *difference_cells(difference.estimates, decimals))
        for number, (row, difference) in enumerate(zip(contrasts, differences, strict=True), start=1)
    )
    survivors = [difference.survivors for difference in differences]
    return _with_survivors(Grid(headings, "rlrrrr", rows), survivors, metric, decimals, signed=True)


def undeclared_grid(comparisons: Sequence[Comparison], metric: Metric) -> Grid | None:
    """What stands beside the declared contrasts, without claim; None if nothing does."""
    if not comparisons:
        return None
    decimals = column_decimals((row.differences[metric.name].estimates for row in comparisons), metric)
    rows = []
    for row in comparisons:
        name = (row.contrast.pair, row.contrast.isolates or ABSENT)
        rows.append((*name, *difference_cells(row.differences[metric.name].estimates, decimals)))
    headings = ("Comparison", "Isolates", "pairs", f"{metric.label} difference", "rerun 95%", "new data 95%")
    return Grid(headings, "llrrrr", tuple(rows))


def size_columns(difference: MetricDifference) -> tuple[str, str]:
    """Effect in run standard deviations and probability of improvement, each with its rerun interval."""
    effect, improvement = difference.effect, difference.improvement
    in_deviations, probability = ABSENT, ABSENT
    if effect is not None:
        in_deviations = fixed(effect.value, 1, signed=True)
        if effect.low is not None:
            in_deviations += f" ({fixed(effect.low, 1, signed=True)} to {fixed(effect.high, 1, signed=True)})"
    if improvement is not None:
        probability = f"{improvement.value:.2f} ({improvement.low:.2f} to {improvement.high:.2f})"
    return in_deviations, probability


def contrast_test_grid(contrasts: Sequence[ContrastRow], metric: Metric) -> Grid:
    """Effect sizes and p-values, raw and corrected, of each declared contrast."""
    rows = []
    for number, row in enumerate(contrasts, start=1):
        p = row.p_values
        pairs = ((p.rerun, p.rerun_holm), (p.new_data, p.new_data_holm), (p.both, p.both_holm))
        cells = tuple(f"{p_text(raw)} / {p_text(holm)}" for raw, holm in pairs)
        sizes = size_columns(row.differences[metric.name])
        rows.append((str(number), row.contrast.isolates or ABSENT, *sizes, *cells))
    headings = ("", "Isolates", "in run SDs", "P(first better)", "p rerun / Holm", "p new data / Holm", "p both / Holm")
    return Grid(headings, "rlrrrrr", tuple(rows))


def verdict_lines(contrasts: Sequence[ContrastRow]) -> Iterator[str]:
    """One sentence per declared contrast, in order."""
    for row in contrasts:
        failures = f" (counting {count(row.failed, 'failed run')})" if row.failed else ""
        yield f"{name_contrast(row.contrast)}: {verdict_text(row)}{failures}."


def model_grid(models: Sequence[ModelRow], metric: Metric) -> Grid:
    """The baseline beside every other method, with the difference from the baseline."""
    changes = [None if model.to_baseline is None else model.to_baseline.estimates for model in models]
    of_change = column_decimals(changes, metric)
    of_mean = column_decimals((model.row.measured[metric.name].estimates for model in models), metric)
    rows = []
    for model in models:
        difference = model.to_baseline
        change = ("", "", "") if difference is None else value_cells(difference.estimates, of_change, signed=True)
        rows.append((model.row.label, *primary_columns(model.row, metric, of_mean), *change))
    intervals = ("rerun 95%", "new data 95%")
    headings = ("Method", "runs", _heading(metric), *intervals, "baseline minus method", *intervals)
    return Grid(headings, "lrrrrrrr", tuple(rows))


def _with_survivors(
    grid: Grid, survivors: Sequence[EstimatePair | None], metric: Metric, decimals: int, signed: bool = False
) -> Grid:
    """With a column of the completed runs alone, where runs failed in any row."""
    if all(estimates is None for estimates in survivors):
        return grid
    cells = [mean_cell(estimates, metric, signed, decimals) for estimates in survivors]
    return grid.with_column("survivors only", "r", cells)


def _heading(metric: Metric) -> str:
    return f"{metric.heading} {metric.unit}".strip()
