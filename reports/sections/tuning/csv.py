"""The budget section as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from reports.sections.tuning.values import Budget
from reports.text.csv_table import Cell, Table


def budget_tables(budget: Budget) -> tuple[Table, ...]:
    """Every table of the section, also the empty ones."""
    return (
        Table(
            "search",
            ("arm", "cell", "completed", "pruned", "failed", "lost", "epochs", "device_s"),
            tuple(
                (s.arm, s.cell.name, s.completed, s.pruned, s.failed, s.lost, s.epochs, s.device_s)
                for s in budget.searches
            ),
        ),
        Table(
            "tuning_curves",
            ("arm", "objective", "cells", "k", "observed", "expected", "typical", "typical_low", "typical_high"),
            tuple(_points(budget)),
        ),
    )


def _points(budget: Budget) -> Iterator[tuple[Cell, ...]]:
    for curve in budget.curves:
        columns = (curve.observed, curve.expected, curve.typical, curve.low, curve.high)
        for k, *values in zip(curve.budgets.tolist(), *(column.tolist() for column in columns), strict=True):
            yield curve.arm, curve.objective.name, len(curve.cells), k, *values
