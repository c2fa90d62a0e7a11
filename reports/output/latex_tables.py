"""The tables of a report that belong into a paper, as LaTeX: the very grids that the Markdown shows."""

from __future__ import annotations

from collections.abc import Iterator

from reports.report import Report
from reports.sections.ablation import text as result_grids
from reports.sections.attribution.text import attribution_grids
from reports.sections.paper_tables.text import paper_block
from reports.text.latex_table import LatexTable


def _intervals(report: Report) -> str:
    rerun = "95% intervals, not corrected for multiplicity: rerun (the same data, new seeds)"
    if report.results.why_not_new:
        return f"{rerun}; new data not asked, as {report.results.why_not_new}"
    return f"{rerun} and new data (new {report.study.groups_are})"


def latex_tables(report: Report) -> tuple[LatexTable, ...]:
    """Every table with a row to show."""
    return tuple(table for table in _tables(report) if table.grid.rows)


def _tables(report: Report) -> Iterator[LatexTable]:
    study, metric, intervals = report.study.study, report.primary, _intervals(report)
    yield LatexTable(
        "ablation",
        f"Ablation, study {study}. n counts runs. {intervals}.",
        result_grids.ablation_grid(report),
        tuple(filter(None, [result_grids.ticks_sentence(report)])),
    )
    for number, grid in enumerate(result_grids.other_metric_grids(report), start=1):
        yield LatexTable(
            f"other_metrics_{number}",
            f"Other metrics, study {study}: mean with the half-widths of both intervals. {intervals}.",
            grid,
        )
    yield LatexTable(
        "contrasts",
        f"Declared contrasts, study {study}: first minus second, {metric.label}; n counts pairs of runs. {intervals}.",
        result_grids.contrast_size_grid(report),
    )
    yield LatexTable(
        "contrast_tests",
        f"Declared contrasts, study {study}: sizes and p-values, each raw / Holm-corrected over them; "
        "both is the larger of the two.",
        result_grids.contrast_test_grid(report),
    )
    beside = result_grids.beside_grid(report)
    if beside is not None:
        yield LatexTable(
            "comparisons",
            f"Comparisons beside the declared contrasts, study {study}: first minus second, {metric.label}; no claim "
            f"is made from them. {intervals}.",
            beside,
        )
    yield from _attribution(report)
    if report.models:
        yield LatexTable(
            "methods", f"Methods, study {study}. n counts runs. {intervals}.", result_grids.model_grid(report)
        )
    for table in report.paper:
        block = paper_block(table)
        where = "" if table.dataset in table.title else f" ({table.dataset})"
        yield LatexTable(
            f"table{table.number}",
            f"Table {table.number} of the paper, {table.title}{where}, beside study {study}, per cent. Printed numbers "
            "are other features, splits and seeds, without intervals, and are not ranked with measured ones.",
            block.grid,
            (*block.gaps, *table.notes),
        )


def _attribution(report: Report) -> Iterator[LatexTable]:
    grids, what = attribution_grids(report), f"study {report.study.study}, {report.primary.label}"
    intervals = _intervals(report)
    held = f" with {grids.held_on} on" if grids.held_on else ""
    for name, title, grid in (
        ("attribution", f"Main effects and Shapley values of {grids.components}{held}", grids.effects),
        ("interactions", f"Interactions of {grids.components}{held}", grids.interactions),
        ("precedence_constrained", "Precedence-constrained values (feasible orders only)", grids.constrained),
    ):
        if grid is not None:
            yield LatexTable(name, f"{title}, {what}: with minus without; n counts complete sets. {intervals}.", grid)
