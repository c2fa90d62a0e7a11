"""The tables of measured numbers as text: ablation, published beside measured, contrasts, methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports.results.metrics import Metric
from reports.sections.ablation.values import AblationTable, ArmRow, Comparison, ContrastRow, MetricDifference, ModelRow
from reports.text.contrasts import name_contrast
from reports.text.markdown_table import Grid, deal_columns
from reports.text.number_cells import decimals_of, interval_cell, mean_cell, runs_cell
from reports.text.rounding import ABSENT, count, fixed, p_text


def _ticks(row: ArmRow, components: Iterable[str]) -> tuple[str, ...]:
    ticks = row.ticks
    return tuple(ticks[name].mark if name in ticks else "" for name in components)


def primary_columns(row: ArmRow, metric: Metric) -> tuple[str, ...]:
    """n, mean and both intervals of one arm."""
    estimates = row.measured[metric.name].estimates
    if estimates is None:
        return runs_cell(row.counts), ABSENT, ABSENT, ABSENT
    decimals = decimals_of(estimates, metric)
    return (
        runs_cell(row.counts),
        fixed(estimates.value, decimals),
        interval_cell(estimates.rerun, decimals),
        interval_cell(estimates.new_data, decimals),
    )


def ablation_grid(table: AblationTable, metric: Metric) -> Grid:
    """Arms with their components and the primary metric, and survivors-only figures where runs failed."""
    has_survivors = any(row.measured[metric.name].survivors for row in table.rows)
    headings = ("Arm", *table.components.values(), "n", _heading(metric), "rerun 95%", "new data 95%")
    rows = []
    for row in table.rows:
        cells = (row.label, *_ticks(row, table.components), *primary_columns(row, metric))
        if has_survivors:
            cells += (mean_cell(row.measured[metric.name].survivors, metric),)
        rows.append(cells)
    align = "l" + "c" * len(table.components) + "rrrr"
    if has_survivors:
        headings, align = (*headings, "survivors only"), align + "r"
    return Grid(headings, align, tuple(rows))


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
        rows = tuple(
            (row.label, runs_cell(row.counts), *(mean_cell(row.measured[m.name].estimates, m) for m in shown))
            for row in arms
        )
        yield Grid(("Arm", "n", *(_heading(metric) for metric in shown)), "lr" + "r" * len(shown), rows)


def contrast_size_grid(contrasts: Sequence[ContrastRow], metric: Metric) -> Grid:
    """How large each declared contrast is."""
    has_survivors = any(row.differences[metric.name].survivors for row in contrasts)
    headings: tuple[str, ...] = ("", "Contrast", "n", f"{metric.label} difference", "rerun 95%", "new data 95%")
    rows = []
    for number, row in enumerate(contrasts, start=1):
        difference = row.differences[metric.name]
        name = (str(number), row.contrast.pair)
        cells: tuple[str, ...] = (*name, *difference_columns(difference, metric))
        rows.append((*cells, mean_cell(difference.survivors, metric, signed=True)) if has_survivors else cells)
    align = "rlrrrr"
    if has_survivors:
        headings, align = (*headings, "survivors only"), align + "r"
    return Grid(headings, align, tuple(rows))


def undeclared_grid(comparisons: Sequence[Comparison], metric: Metric) -> Grid | None:
    """What stands beside the declared contrasts, without claim; None if nothing does."""
    if not comparisons:
        return None
    rows = []
    for row in comparisons:
        name = (row.contrast.pair, row.contrast.isolates or ABSENT)
        rows.append((*name, *difference_columns(row.differences[metric.name], metric)))
    headings = ("Comparison", "Isolates", "n", f"{metric.label} difference", "rerun 95%", "new data 95%")
    return Grid(headings, "llrrrr", tuple(rows))


def difference_columns(difference: MetricDifference, metric: Metric) -> tuple[str, str, str, str]:
    """n, difference, rerun interval, new-data interval."""
    estimates = difference.estimates
    if estimates is None:
        return "0", ABSENT, ABSENT, ABSENT
    decimals = decimals_of(estimates, metric)
    return (
        str(estimates.rerun.n),
        fixed(estimates.value, decimals, signed=True),
        interval_cell(estimates.rerun, decimals, signed=True),
        interval_cell(estimates.new_data, decimals, signed=True),
    )


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
        has_direction = row.verdict.kind.startswith(("better", "worse"))
        subject = f"{row.contrast.shown[0]} is " if has_direction else ""
        yield f"{name_contrast(row.contrast)}: {subject}{row.verdict.text}{failures}."


def model_grid(models: Sequence[ModelRow], metric: Metric) -> Grid:
    """The baseline beside every other method, with the difference from the baseline."""
    rows = []
    for model in models:
        difference = model.to_baseline
        change = ("", "", "") if difference is None else difference_columns(difference, metric)[1:]
        rows.append((model.row.label, *primary_columns(model.row, metric), *change))
    intervals = ("rerun 95%", "new data 95%")
    headings = ("Method", "n", _heading(metric), *intervals, "baseline minus method", *intervals)
    return Grid(headings, "lrrrrrrr", tuple(rows))


def _heading(metric: Metric) -> str:
    return f"{metric.heading} {metric.unit}".strip()
