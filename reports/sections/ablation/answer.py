"""The first paragraph of a report: what the numbers support, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.records.record import Contrast, StudyDescription
from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.sections.ablation.constant_comparison import ConstantComparison
from reports.sections.ablation.constant_sentences import headline_sentence
from reports.sections.ablation.values import ContrastRow, ContrastTable, ModelRow
from reports.statistics.verdict import VerdictKind
from reports.text.number_cells import decimals_of
from reports.text.rounding import fixed


def compose_answer(
    study: StudyDescription,
    results: ResultsTable,
    contrasts: ContrastTable,
    models: Sequence[ModelRow],
    comparisons: Mapping[str, ConstantComparison],
    metric: Metric,
) -> tuple[str, ...]:
    """Sentences on what was measured, which contrasts are supported, and where the baseline stands.

    First of all stands what cannot be judged, because arms are not shown to have learned.

    Args:
        study, results: what was planned, and the scores.
        contrasts: the declared ones with their verdicts.
        models: the baseline and every other method; empty without other methods.
        comparisons: arm -> how it compares with the constant predictor.
        metric: the primary one.
    """
    num_completed = int((results.state == RunState.COMPLETED).sum())
    if not results.runs:
        state = "has ended yet" if study.planned else "was asked for"
        return (f"No confirm trial of {study.study} {state}: there is nothing to compare.",)
    num_failed = int((results.state == RunState.FAILED).sum())
    num_planned = int((results.state != RunState.NOT_PLANNED).sum())
    extent = f"{num_completed} of {num_planned} confirm runs completed" + (
        f", {num_failed} failed" if num_failed else ""
    )
    sentences = [f"{extent}; claims are made on {metric.label} only."]
    if num_completed == 0:
        sentences.append(f"Every run failed: all scores below are those of the {study.target.constant_predictor}.")
        return tuple(sentences)
    headline = headline_sentence(contrasts.rows, comparisons, metric, study.target)
    sentences = [*([headline] if headline else []), *sentences]
    sentences.extend(_contrast_sentences(contrasts.rows, metric, study.groups_are))
    sentences.extend(_model_sentence(model, models[0], metric, contrasts) for model in models[1:])
    return tuple(sentences)


def name_contrast(contrast: Contrast) -> str:
    """``CA (full - no_ca)``, or the two arms alone where no component is named."""
    pair = contrast.pair
    return f"{contrast.isolates} ({pair})" if contrast.isolates else pair


def _name_briefly(contrast: Contrast) -> str:
    """The component that the contrast isolates, or the two arms where it isolates none."""
    has_component = contrast.isolates not in ("", "method", "settings")
    return contrast.isolates if has_component else contrast.pair


CLAIMS: tuple[VerdictKind, ...] = ("better", "worse", "better here", "worse here")

_LEADS: tuple[tuple[VerdictKind, str], ...] = (
    ("better", "Shown better with new seeds and for new {groups}: {found}."),
    ("worse", "Shown worse with new seeds and for new {groups}: {found}."),
    ("better here", "Better on these data, not shown for new {groups}: {found}."),
    ("worse here", "Worse on these data, not shown for new {groups}: {found}."),
    ("no difference shown", "No difference shown: {found}."),
    ("no verdict", "No verdict: {found}."),
    ("too few to say", "Too few runs to say: {found}."),
)


MOST_NAMED = 7
"""Contrasts without a claim that the answer names; of more it says how many, and the figure below names them."""


def _contrast_sentences(rows: Sequence[ContrastRow], metric: Metric, groups_are: str) -> list[str]:
    if not rows:
        return ["No contrast was declared, so nothing is claimed about single components."]
    supported = sum(row.verdict.kind in ("better", "worse") for row in rows)
    sentences = [f"**{supported} of {len(rows)} declared contrasts are supported for both questions.**"]
    for kind, lead in _LEADS:
        found = [row for row in rows if row.verdict.kind == kind]
        if kind in CLAIMS:
            named = [f"{name_contrast(row.contrast)}, {_size(row, metric)}" for row in found]
        else:
            named = [_name_briefly(row.contrast) for row in found]
            if len(found) > MOST_NAMED:
                named = [f"{len(found)} contrasts, named below"]
        if named:
            sentences.append(lead.format(groups=groups_are, found="; ".join(named)))
    return sentences


def _size(row: ContrastRow, metric: Metric) -> str:
    """``-0.051 MAE (± 0.009 rerun, ± 0.015 new data)``."""
    estimates = row.differences[metric.name].estimates
    if estimates is None:
        return "no size"
    decimals = decimals_of(estimates, metric)
    return (
        f"{fixed(estimates.value, decimals, signed=True)}{metric.unit} {metric.label} ({_widths(estimates, decimals)})"
    )


def _widths(estimates: EstimatePair, decimals: int) -> str:
    """The half-widths that are defined, each with its question."""
    return ", ".join(
        f"± {fixed(item.half_width, decimals)} {item.question}"
        for item in (estimates.rerun, estimates.new_data)
        if item.half_width is not None
    )


def _model_sentence(model: ModelRow, baseline: ModelRow, metric: Metric, contrasts: ContrastTable) -> str:
    difference = model.to_baseline
    if difference is None or difference.estimates is None:
        return f"{baseline.row.label} cannot be compared with {model.row.label}: no pair of runs is complete."
    estimates = difference.estimates
    decimals = decimals_of(estimates, metric)
    is_ahead = (estimates.value > 0) == metric.higher_is_better
    size = fixed(abs(estimates.value), decimals)
    is_level = float(size) == 0
    comparison = "level" if is_level else f"{'ahead' if is_ahead else 'behind'} by {size}{metric.unit} {metric.label}"
    pair = {baseline.row.arm, model.row.arm}
    declared = [row for row in contrasts.rows if {row.contrast.first, row.contrast.second} == pair]
    words = "not a declared contrast, so no claim"
    if declared:
        contrast = declared[0].contrast
        words = f"{' minus '.join(contrast.shown)}: {declared[0].verdict.text}"
    spread = ", ".join(filter(None, [_widths(estimates, decimals), f"n = {estimates.rerun.n} pairs"]))
    return f"{baseline.row.label} against {model.row.label}: {comparison} ({spread}); {words}."
