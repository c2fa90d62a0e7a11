"""What contrasts are called, and the question that they ask: the same words before a study and in its report."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.study_description import Contrast
from reports.results.metrics import Metric
from reports.text.rounding import count

MOST_NAMED = 7
"""Contrasts or arms that a sentence names; of more it says how many."""


def name_contrast(contrast: Contrast) -> str:
    """``CA (full - no_ca)``, or the two arms alone where no component is named."""
    pair = contrast.pair
    return f"{contrast.isolates} ({pair})" if contrast.isolates else pair


def name_briefly(contrast: Contrast) -> str:
    """The component that the contrast isolates, or the two arms where it isolates none."""
    has_component = contrast.isolates not in ("", "method", "settings")
    return contrast.isolates if has_component else contrast.pair


def question_text(contrasts: Sequence[Contrast], num_arms: int) -> str:
    """``what are CA and HomoGD worth (2 declared contrasts)?``

    Args:
        contrasts: of the study; those beside the declared ones ask nothing.
        num_arms: of the study.
    """
    declared = [contrast for contrast in contrasts if contrast.in_family]
    if not declared:
        return f"how do {count(num_arms, 'arm')} score? No contrast was declared, so no claim is made."
    names = list(dict.fromkeys(name_briefly(contrast) for contrast in declared))
    if len(declared) > MOST_NAMED:
        return f"which of {len(declared)} declared differences between {num_arms} arms are real?"
    listed = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
    return f"what {'is' if len(names) == 1 else 'are'} {listed} worth ({count(len(declared), 'declared contrast')})?"


def judged_by(metric: Metric) -> str:
    """``judged by MAE on the test part (lower is better)``; metric: the primary one."""
    return f"judged by {metric.label} on the test part ({metric.better} is better)"


def corrected_over(num_contrasts: int) -> str:
    """``Holm-corrected over the 2 declared contrasts``: the family of p-values."""
    family = "the one declared contrast" if num_contrasts == 1 else f"the {num_contrasts} declared contrasts"
    return f"Holm-corrected over {family}"
