"""Which arms get panels and paragraphs of their own, where there are too many for anybody to look at all.

Every arm keeps its row in the tables and its lines in the CSV files; hundreds of panels and of small tables one after
the other help nobody decide. What a reader of hundreds of arms wants to see closely is the baseline and those that seem
to beat it. They are picked by the very scores that are shown, so the best-looking ones are in part lucky: the report
says so, and nothing is claimed from being picked.
"""

from __future__ import annotations

import math

from reports.report import ArmRow, Report

MOST_DETAILED = 32


def detailed_arms(report: Report) -> tuple[str, ...]:
    """All arms up to :data:`MOST_DETAILED`; of more, the baseline and those with the best mean of the primary metric.

    In the order of the study; of equal means the arm that comes first.
    """
    names = [arm.name for arm in report.study.arms]
    if len(names) <= MOST_DETAILED:
        return tuple(names)
    rows = {row.arm: row for row in (*report.ablation.rows, *(model.row for model in report.models))}

    def rank(name: str) -> tuple[bool, float]:
        return name != report.study.baseline, _loss(report, rows.get(name))

    chosen = set(sorted(names, key=rank)[:MOST_DETAILED])
    return tuple(name for name in names if name in chosen)


def _loss(report: Report, row: ArmRow | None) -> float:
    """The primary mean of an arm, lower being better; infinite where it has none."""
    answers = None if row is None else row.measured[report.primary.name].answers
    if answers is None or not math.isfinite(answers.value):
        return math.inf
    return -answers.value if report.primary.higher_is_better else answers.value


def selection_sentence(report: Report) -> str:
    """What the selection leaves out, for captions; empty where it leaves out nothing."""
    num_arms = len(report.study.arms)
    if num_arms <= MOST_DETAILED:
        return ""
    best = f"those with the best mean {report.primary.label}"
    return f"{MOST_DETAILED} of {num_arms} arms, the baseline and {best}; the tables have all."
