"""Which metrics the main table shows, and what their columns are called: as tables of the field have them.

Studies record more metrics than a table has room for. Shown are the primary one, then those of the kind of target in
the order in which papers print them; all of them are in the CSV file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.results.metrics import Metric

_PRINTED: tuple[tuple[str, ...], ...] = (
    ("mae",),
    ("corr",),
    ("acc7",),
    ("acc5_sims",),
    ("acc3_sims",),
    ("acc2_sims",),
    ("f1_sims",),
    ("acc2_has0", "acc2_non0"),
    ("f1_has0", "f1_non0"),
    ("acc",),
    ("uar",),
    ("weighted_f1",),
    ("macro_f1",),
)
"""Metrics by name in printed order, two that papers print as ``76.7 / 78.0`` in one column."""

PAIR_NOTE = "Acc-2 and F1: negative against non-negative labels / negative against positive ones, zero labels left out."
ALONE_NOTE = "has0: labels of zero count as non-negative; non0: they are left out."
SIMS_NOTE = "Acc-2, Acc-3, Acc-5 and F1 as CH-SIMS defines them."


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes:
        heading: with an arrow towards better.
        metrics: one, or two whose numbers a stroke divides.
    """

    heading: str
    metrics: tuple[Metric, ...]


def columns_of(metrics: Sequence[Metric]) -> tuple[Column, ...]:
    """The columns of a study. metrics: all that it has, the primary one first, which has a column of its own."""
    primary, *others = metrics
    by_name = {metric.name: metric for metric in others}
    shown = (tuple(by_name[name] for name in names if name in by_name) for names in _PRINTED)
    return (_column((primary,)), *(_column(group) for group in shown if group))


def _column(metrics: tuple[Metric, ...]) -> Column:
    first = metrics[0]
    label = first.label.removesuffix(" has0") if len(metrics) > 1 else first.label.removesuffix(" SIMS")
    return Column(first.heading.replace(first.label, label), metrics)


def notes_on(columns: Sequence[Column]) -> Iterator[str]:
    """What a reader must know of the definitions behind the headings."""
    alone = [column.metrics[0].name for column in columns if len(column.metrics) == 1]
    if len(alone) < len(columns):
        yield PAIR_NOTE
    if any(name.endswith(("_has0", "_non0")) for name in alone):
        yield ALONE_NOTE
    if any(name.endswith("_sims") for name in alone):
        yield SIMS_NOTE
