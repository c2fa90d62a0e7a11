"""The first paragraph of a report: what the numbers support, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from reports.records.study_description import StudyDescription
from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.results.results import ResultsTable, RunState
from reports.sections.ablation.constant_comparison import ConstantComparison
from reports.sections.ablation.health import extent_sentence, learning_sentences
from reports.sections.ablation.overturned import VerdictChange
from reports.sections.ablation.values import ContrastRow, ContrastTable, MeasuredArms, ModelRow
from reports.statistics.verdict import VerdictKind
from reports.text.contrasts import corrected_over, name_briefly, name_contrast
from reports.text.listing import list_names
from reports.text.number_cells import decimals_of
from reports.text.rounding import count, fixed

NO_CONTRAST = "no contrast was declared"


def compose_answer(
    study: StudyDescription,
    results: ResultsTable,
    contrasts: ContrastTable,
    arms: MeasuredArms,
    comparisons: Mapping[str, ConstantComparison],
    metric: Metric,
    num_failed_search: int = 0,
    changes: Sequence[VerdictChange] = (),
) -> tuple[str, ...]:
    """Sentences on how sound the study is, which contrasts are supported, and where the baseline stands.

    First of all stands what cannot be judged, because arms are not shown to have learned.

    Args:
        study, results: what was planned, and the scores.
        contrasts: the declared ones with their verdicts.
        arms: every arm as measured, and the methods among them.
        comparisons: arm -> how it compares with the constant predictor.
        metric: the primary one.
        num_failed_search: search trials that failed.
        changes: verdicts that an extension of the study changed.
    """
    if not results.runs:
        state = "has ended yet" if study.planned else "was asked for"
        return (f"No confirm trial of {study.study} {state}: there is nothing to compare.",)
    extent = extent_sentence(results, arms, metric, num_failed_search)
    if not (results.state == RunState.COMPLETED).any():
        return extent, f"Every run failed: all scores below are those of the {study.target.constant_predictor}."
    sentences = [*learning_sentences(contrasts.rows, comparisons, metric, study.target), extent]
    sentences.extend(_contrast_sentences(contrasts.rows, metric, study.groups_are, results.why_not_new))
    sentences.extend(_change_sentences(changes, metric))
    sentences.extend(_model_sentences(arms.models, metric, contrasts))
    return tuple(sentences)


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
"""Contrasts without a claim, or methods, that the answer names; of more it says how many, and what follows has them."""


def _contrast_sentences(
    rows: Sequence[ContrastRow], metric: Metric, groups_are: str, why_not_new: str
) -> Iterator[str]:
    if not rows:
        yield "No contrast was declared, so nothing is claimed about single components."
        return
    yield _headline(rows, groups_are, why_not_new)
    for kind, lead in _LEADS:
        found = [row for row in rows if row.verdict.kind == kind]
        if kind in CLAIMS:
            named = [f"{name_contrast(row.contrast)}, {_size(row, metric)}" for row in found]
        else:
            named = [name_briefly(row.contrast) for row in found]
            if len(found) > MOST_NAMED:
                named = [f"{len(found)} contrasts, named below"]
        if named:
            yield lead.format(groups=groups_are, found="; ".join(named))
    overruled = [name_briefly(row.contrast) for row in rows if row.verdict.is_corrected_away]
    if overruled:
        named = [f"{len(overruled)} contrasts, named below"] if len(overruled) > MOST_NAMED else overruled
        yield (
            f"Less is claimed than an interval alone suggests, which leaves out zero: {'; '.join(named)}. Of "
            f"{len(rows)} contrasts some come out so by chance, and the correction allows for that."
        )


def _headline(rows: Sequence[ContrastRow], groups_are: str, why_not_new: str) -> str:
    """In how many contrasts a difference is shown, for which questions, and by what standard."""
    claims: tuple[VerdictKind, ...] = ("better here", "worse here") if why_not_new else ("better", "worse")
    shown = sum(row.verdict.kind in claims for row in rows)
    asked = (
        f"with new seeds on these data (rerun); new {groups_are} are not asked about, as {why_not_new}"
        if why_not_new
        else f"for both questions: with new seeds on these data (rerun) and for new {groups_are} (new data)"
    )
    standard = ""
    if len(rows) > 1:
        standard = f" Verdicts are {corrected_over(len(rows))}; each ± is the 95% interval of its number alone."
    return f"**In {shown} of {count(len(rows), 'declared contrast')} a difference is shown {asked}.**{standard}"


def verdict_text(row: ContrastRow) -> str:
    """``full is better on these data``; of a verdict without direction its words alone."""
    has_direction = row.verdict.kind.startswith(("better", "worse"))
    return f"{row.contrast.shown[0]} is {row.verdict.text}" if has_direction else row.verdict.text


def _change_sentences(changes: Sequence[VerdictChange], metric: Metric) -> Iterator[str]:
    """A sentence per extension that overturned a verdict: what was shown, what was added, what is shown since."""
    for extension, found in groupby(changes, key=lambda change: change.extension):
        told = "; ".join(
            f"{name_contrast(change.before.contrast)}, before: {_size(change.before, metric)}, "
            f"{verdict_text(change.before)}, since: {_size(change.after, metric)}, {verdict_text(change.after)}"
            for change in found
        )
        yield f"**Overturned by the extension of {extension.date}** ({'; '.join(extension.added)}): {told}."


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


def _model_sentences(models: Sequence[ModelRow], metric: Metric, contrasts: ContrastTable) -> Iterator[str]:
    """Methods that no declared contrast compares with the baseline; the sentences on contrasts have the others."""
    if not models:
        return
    baseline, *others = models
    declared = [{row.contrast.first, row.contrast.second} for row in contrasts.rows]
    incomparable: list[str] = []
    told: list[str] = []
    for model in others:
        if {baseline.row.arm, model.row.arm} in declared:
            continue
        estimates = None if model.to_baseline is None else model.to_baseline.estimates
        if estimates is None:
            incomparable.append(model.row.label)
        else:
            told.append(_model_sentence(model, baseline, estimates, metric))
    if len(told) > MOST_NAMED:
        told = [
            f"{baseline.row.label} against {len(told)} further methods: no declared contrasts, so no claim (Methods)."
        ]
    yield from told
    if incomparable:
        names = list_names(incomparable, "methods")
        yield f"{baseline.row.label} cannot be compared with {names}: no pair of runs is complete."


def _model_sentence(model: ModelRow, baseline: ModelRow, estimates: EstimatePair, metric: Metric) -> str:
    decimals = decimals_of(estimates, metric)
    is_ahead = (estimates.value > 0) == metric.higher_is_better
    size = fixed(abs(estimates.value), decimals)
    is_level = float(size) == 0
    comparison = "level" if is_level else f"{'ahead' if is_ahead else 'behind'} by {size}{metric.unit} {metric.label}"
    spread = ", ".join(filter(None, [_widths(estimates, decimals), f"n = {estimates.rerun.n} pairs"]))
    pair = f"{baseline.row.label} against {model.row.label}"
    return f"{pair}: {comparison} ({spread}); not a declared contrast, so no claim."
