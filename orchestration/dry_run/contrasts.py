"""What a study will ask: its declared contrasts, the family that p-values are corrected over, and the primary metric.

Named as in the report, before anything is spent on them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestration.planning.study_design import StudyDesign
from reports.records.study_description import Contrast
from reports.results.arms_as_trained import labelled
from reports.results.metrics import find_metric
from reports.text.contrasts import corrected_over, judged_by, name_contrast, question_text


def contrast_lines(design: StudyDesign) -> list[str]:
    """The question, then a line per declared contrast, then what is shown beside them."""
    metric = find_metric(design.space.primary_metric)
    contrasts = _shown_contrasts(design)
    declared = [name_contrast(contrast) for contrast in contrasts if contrast.in_family]
    beside = [name_contrast(contrast) for contrast in contrasts if not contrast.in_family]
    lines = [f"asked: {question_text(contrasts, len(design.arms))}"]
    if declared:
        lines.append(f"{judged_by(metric)}, p-values {corrected_over(len(declared))}:")
        lines += [f"  {number}. {name}" for number, name in enumerate(declared, start=1)]
    if beside:
        lines.append("compared beside them, without p-value and without claim:")
        lines += [f"  {name}" for name in beside]
    return lines


def contrasts_as_json(design: StudyDesign) -> dict[str, Any]:
    """The primary metric, and every comparison by the names of its arms."""
    return {"primary": design.space.primary, "contrasts": [asdict(pair) for pair in design.contrasts]}


def _shown_contrasts(design: StudyDesign) -> tuple[Contrast, ...]:
    labels = {arm.name: arm.label for arm in design.arms}
    pairs = (Contrast(pair.first, pair.second, pair.isolates, pair.in_family) for pair in design.contrasts)
    return tuple(labelled(contrast, labels) for contrast in pairs)
