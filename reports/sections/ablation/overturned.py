"""Verdicts that an extension of the study changed: what was shown before it, and what was shown after.

Nothing is kept of earlier reports. What they said follows from the trials that had ended before the extension, judged
as they were then: over the contrasts that were declared, by the configurations that the search had chosen. Trials are
numbered in the order in which they were asked for. Where one was still open when the extension began, its number does
not tell it from those that had ended, and nothing is said; nor where it was not recorded how many had been asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.records.extension import Extension
from reports.records.run_record import RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.results.estimates import Estimator
from reports.results.metrics import Metric
from reports.results.tabulate import tabulate_results
from reports.sections.ablation.constant_comparison import compare_with_constant
from reports.sections.ablation.contrasts import tabulate_contrasts
from reports.sections.ablation.values import ContrastRow
from reports.statistics.verdict import VerdictKind

_NOTHING_SHOWN: tuple[VerdictKind, ...] = ("no verdict", "too few to say")


@dataclass(frozen=True)
class VerdictChange:
    """One contrast before an extension and after it: before the next one, or now."""

    extension: Extension
    before: ContrastRow
    after: ContrastRow


def changed_verdicts(
    study: StudyDescription, records: Sequence[RunRecord], now: Sequence[ContrastRow], metric: Metric
) -> tuple[VerdictChange, ...]:
    """The verdicts that were shown before an extension and were others after it, extension by extension.

    Args:
        study: as trained.
        records: of both stages, each once.
        now: the declared contrasts, judged by all records.
        metric: the primary one.
    """
    # Numbers of merged studies are their own; a race fixes what it compares before its first run.
    if study.parts or study.confirm.get("racing"):
        return ()
    found: list[VerdictChange] = []
    after = {_pair(row.contrast): row for row in now}
    for extension in reversed(study.extensions):
        before = {_pair(row.contrast): row for row in _contrasts_before(study, records, extension, metric)}
        found[:0] = [
            VerdictChange(extension, row, after[pair])
            for pair, row in before.items()
            if pair in after and _is_overturned(row, after[pair])
        ]
        after |= before
    return tuple(found)


def _is_overturned(before: ContrastRow, after: ContrastRow) -> bool:
    return before.verdict.kind not in _NOTHING_SHOWN and before.verdict.kind != after.verdict.kind


def _contrasts_before(
    study: StudyDescription, records: Sequence[RunRecord], extension: Extension, metric: Metric
) -> tuple[ContrastRow, ...]:
    """The declared contrasts as a report before the extension had them; none where that cannot be known."""
    if extension.num_asked != extension.num_ended:
        return ()
    earlier = [record for record in records if record.number is not None and record.number < extension.num_ended]
    scored = [record for record in earlier if record.test is not None]
    if not scored or (len(earlier), len(scored)) != (extension.num_ended, extension.num_scored):
        return ()
    places = {(record.arm, record.seed, record.repeat, record.fold) for record in earlier if record.stage == "confirm"}
    then = replace(
        study,
        contrasts=_declared_before(study, extension, {record.arm for record in scored}),
        planned=tuple(cell for cell in study.planned if (cell.arm, cell.seed, cell.repeat, cell.fold) in places),
    )
    estimator = Estimator.from_results(tabulate_results(then, earlier))
    comparisons = compare_with_constant(estimator, then, metric)
    return tabulate_contrasts(estimator, then, (metric,), None, comparisons).rows


def _declared_before(study: StudyDescription, extension: Extension, scored: set[str]) -> tuple[Contrast, ...]:
    """Where it was not recorded: those of two arms that were scored. No such contrast can be taken back."""
    declared = extension.contrasts_before
    family = (contrast for contrast in study.contrasts if contrast.in_family)
    if declared is not None:
        return tuple(contrast for contrast in family if _pair(contrast) in set(declared))
    return tuple(contrast for contrast in family if set(_pair(contrast)) <= scored)


def _pair(contrast: Contrast) -> tuple[str, str]:
    return contrast.first, contrast.second
