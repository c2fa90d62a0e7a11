"""Confusions, and scores by class and by question, as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from reports.records.target import Target
from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric, find_metric
from reports.sections.ablation.values import ArmRow
from reports.sections.classes.confusion import Confusion
from reports.text.csv_table import Cell, Table
from reports.text.markdown_table import Grid, deal_columns
from reports.text.number_cells import mean_column, runs_cell
from reports.text.rounding import ABSENT, fixed

MOST_CLASSES = 12
"""Of more, a table of confusions would be wider than a page: the CSV file has it."""

_COLUMNS = 4
"""Numbers side by side, at most."""


def class_grids(arms: Sequence[ArmRow], target: Target, num_items: Sequence[float] | None) -> Iterator[Grid]:
    """The F1 of every class, a few per table.

    Args:
        arms: as measured.
        target: whose classes these are.
        num_items: tested items of each class; None where they are not known.
    """
    columns = []
    for place, name in enumerate(target.names):
        metric = find_metric(f"f1_{name}")
        columns.append((metric, _with_number(metric, None if num_items is None else num_items[place])))
    yield from (_grid(arms, shown) for shown in deal_columns(columns, _COLUMNS - 1))


def question_grids(arms: Sequence[ArmRow], target: Target) -> Iterator[Grid]:
    """Accuracy and F1 of every question in pairs, as MulT's table of IEMOCAP has them."""
    for names in deal_columns(target.names, _COLUMNS // 2):
        metrics = [find_metric(f"{kind}_{name}") for name in names for kind in ("acc", "f1")]
        yield _grid(arms, [(metric, f"{metric.heading} {metric.unit}") for metric in metrics])


def confusion_grid(confusion: Confusion, names: Sequence[str]) -> Grid:
    """Shares of each class in per cent, and the items that they are of; the largest confusion is not marked."""
    rows = []
    for name, shares, counts, total in zip(names, confusion.shares, confusion.counts, confusion.num_items, strict=True):
        cells = (
            ABSENT if np.isnan(s) else f"{fixed(100 * s, 1)} ({count:.0f})"
            for s, count in zip(shares, counts, strict=True)
        )
        rows.append((name, f"{total:.0f}", *cells))
    return Grid(("label", "items", *(f"as {name}" for name in names)), "lr" + "r" * len(names), tuple(rows))


def confusion_sentence(confusion: Confusion, names: Sequence[str]) -> str:
    """What is confused most."""
    worst = confusion.worst
    if worst is None:
        return f"{confusion.label} confuses nothing."
    label, prediction = worst
    share = fixed(100 * float(confusion.shares[worst]), 1)
    num_items = f"{confusion.num_items[label]:.0f} items"
    return f"{confusion.label} most often takes {names[label]} for {names[prediction]}: {share}% of {num_items}."


def confusion_table(confusions: Sequence[Confusion], names: Sequence[str]) -> Table:
    """Every cell of every arm."""
    rows: list[tuple[Cell, ...]] = []
    for confusion in confusions:
        for row, label in enumerate(names):
            for column, prediction in enumerate(names):
                numbers = float(confusion.counts[row, column]), float(confusion.shares[row, column])
                rows.append((confusion.arm, confusion.num_runs, label, prediction, *numbers))
    return Table("confusion", ("arm", "runs", "label", "prediction", "items", "share_of_label"), tuple(rows))


def _with_number(metric: Metric, num_items: float | None) -> str:
    number = "" if num_items is None else f" ({num_items:.0f} items)"
    return f"{metric.heading} {metric.unit}{number}"


def _grid(arms: Sequence[ArmRow], columns: Sequence[tuple[Metric, str]]) -> Grid:
    """columns: each metric with its heading."""
    heads = ([row.label for row in arms], [runs_cell(row.counts) for row in arms])
    numbers = (mean_column([_estimates(row, metric) for row in arms], metric) for metric, _ in columns)
    rows = tuple(zip(*heads, *numbers, strict=True))
    return Grid(("Arm", "runs", *(heading for _, heading in columns)), "lr" + "r" * len(columns), rows)


def _estimates(row: ArmRow, metric: Metric) -> EstimatePair | None:
    measured = row.measured.get(metric.name)
    return None if measured is None else measured.estimates
