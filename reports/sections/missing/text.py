"""The tables of missing modalities, as text and as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from reports.results.metrics import Metric
from reports.sections.missing.values import NOTHING, MissingArm, MissingTable, rate_of
from reports.statistics.estimate import Estimate
from reports.text.csv_table import Cell, Table, estimate_cells
from reports.text.markdown_table import Grid
from reports.text.number_cells import runs_cell
from reports.text.rounding import ABSENT, decimals_for, fixed


def rates_grid(table: MissingTable) -> Grid:
    """One row per arm, one column per rate."""
    return _grid(table, table.rates, [f"{100 * rate_of(name):g}%" for name in table.rates])


def fixed_grid(table: MissingTable) -> Grid:
    """One row per arm, one column per condition that is the same for every item."""
    return _grid(table, table.fixed, [condition_label(name) for name in table.fixed])


def condition_label(condition: str) -> str:
    """``nothing missing``, ``w/o audio``, ``audio only``, ``30% missing``."""
    if condition == NOTHING:
        return "nothing missing"
    kind, _, what = condition.partition("-")
    return {"no": f"w/o {what}", "only": f"{what} only"}.get(kind) or f"{100 * rate_of(condition):g}% missing"


def missing_table(table: MissingTable | None) -> Table:
    """Every arm, condition and metric. table: None where nothing was asked for."""
    columns = ("arm", "condition", "metric", "value", "low", "high", "df", "n", "method", "note")
    return Table("missing", columns, tuple(_rows(table)) if table is not None else ())


def _rows(table: MissingTable) -> Iterator[tuple[Cell, ...]]:
    for arm in table.arms:
        for condition in table.conditions:
            for metric in table.metrics:
                estimate = arm.estimates.get(condition, {}).get(metric.name)
                if estimate is not None:
                    yield (arm.arm, condition, metric.name, estimate.value, *estimate_cells(estimate))


def _grid(table: MissingTable, conditions: tuple[str, ...], headings: list[str]) -> Grid:
    metric = table.metrics[0]
    rows = []
    for arm in table.arms:
        cells = (_cell(arm, condition, metric) for condition in conditions)
        rows.append((arm.label, runs_cell(arm.counts), *cells))
    return Grid(("Arm", "Runs", *headings), "lr" + "r" * len(conditions), tuple(rows))


def _cell(arm: MissingArm, condition: str, metric: Metric) -> str:
    estimate = arm.estimates.get(condition, {}).get(metric.name)
    return ABSENT if estimate is None else value_text(estimate, metric)


def value_text(estimate: Estimate, metric: Metric) -> str:
    """``0.931 ± 0.012``; a dash for an interval that is undefined."""
    decimals = decimals_for([estimate.half_width], metric.decimals)
    return f"{fixed(estimate.value, decimals)} ± {fixed(estimate.half_width, decimals)}"
