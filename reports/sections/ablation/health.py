"""How far a study can be relied on, in sentences: what did not learn, what failed, how few runs there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.records.target import Target
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.sections.ablation.constant_comparison import ConstantComparison
from reports.sections.ablation.constant_sentences import against_constant, headline_sentence
from reports.sections.ablation.values import ArmRow, ContrastRow, MeasuredArms
from reports.text.listing import list_names
from reports.text.rounding import count

FEW_SEEDS = 5
"""Runs of an arm below which the spread between them is itself known roughly."""


def learning_sentences(
    rows: Sequence[ContrastRow], comparisons: Mapping[str, ConstantComparison], metric: Metric, target: Target
) -> list[str]:
    """Arms that cannot be told from the constant predictor: those that keep contrasts from a verdict, then the others.

    Args:
        rows: the declared contrasts.
        comparisons: arm -> how it compares with the constant predictor.
        metric: the primary one.
        target: what is predicted.
    """
    headline = headline_sentence(rows, comparisons, metric, target)
    pairs = [row.contrast for row in rows if row.verdict.kind == "no verdict"]
    told = {arm for pair in pairs for arm in (pair.first, pair.second)}
    others = [
        comparison
        for name, comparison in comparisons.items()
        if (comparison.is_unlearned or comparison.is_worse) and name not in told
    ]
    sentences = [headline] if headline else []
    if others:
        named = list_names([f"{one.arm.label} ({against_constant(one, metric)})" for one in others], "arms")
        sentences.append(
            f"Not shown better than the {target.constant_predictor}{' either' if headline else ''}: {named}."
        )
    measured = [one for one in comparisons.values() if not one.is_yardstick]
    if measured and all(one.is_learned for one in measured):
        whole = {1: "The one arm is", 2: "Both arms are"}.get(len(measured), f"All {len(measured)} arms are")
        sentences.append(f"{whole} shown better than the {target.constant_predictor}.")
    return sentences


def extent_sentence(results: ResultsTable, arms: MeasuredArms, metric: Metric, num_failed_search: int) -> str:
    """How many runs there are, and how many there are not. num_failed_search: search trials that failed."""
    completed, failed = (int((results.state == state).sum()) for state in (RunState.COMPLETED, RunState.FAILED))
    planned = int((results.state != RunState.NOT_PLANNED).sum())
    said = f"{completed} of {planned} confirm runs completed" + (f", {failed} failed" if failed else "")
    if num_failed_search:
        said += f"; {count(num_failed_search, 'search trial')} failed"
    return f"{said}{_few(results, tuple(arms.by_name.values()))}; claims are made on {metric.label} only."


def runs_by_arm(rows: Sequence[ArmRow]) -> list[tuple[str, float]]:
    """Label and scored runs (per fold) of every arm that training draws numbers for."""
    return [
        (row.label, row.counts.scored / row.counts.cells)
        for row in rows
        if row.counts.cells and row.facts.get("num_parameters") != 0
    ]


def _few(results: ResultsTable, rows: Sequence[ArmRow]) -> str:
    numbers = [number for _, number in runs_by_arm(rows)]
    if not numbers or min(numbers) >= FEW_SEEDS:
        return ""
    least, most = min(numbers), max(numbers)
    extent = f"only {least:.2g}" if least == most else f"as few as {least:.2g}"
    return f", {extent} per arm{'' if results.is_official else ' and fold'}"
