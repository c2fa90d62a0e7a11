"""From numbers to plain words: what may be said of one contrast.

"Better" needs both questions answered: shown with new seeds and shown for new groups (videos, speakers: what the data
are grouped by). Where only the first is, the words are "better on these data, not shown for new videos". Where a
question could not be tested, no claim is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.statistics.estimate import Estimate

LEVEL = 0.05
MIN_DEGREES = 2
"""With fewer degrees of freedom an interval exists but leans wholly on normality of a handful of numbers: no claim."""

VerdictKind = Literal[
    "better", "worse", "better here", "worse here", "no difference shown", "no verdict", "too few to say"
]


@dataclass(frozen=True)
class Verdict:
    """What may be said of one contrast.

    Attributes:
        kind: for counting and sorting.
        text: for the reader.
        is_corrected_away: whether an interval of the contrast alone leaves out zero where the correction over all
            declared contrasts leaves nothing to claim: beside that interval the verdict needs a word.
    """

    kind: VerdictKind
    text: str
    is_corrected_away: bool = False


def decide_verdict(
    rerun: Estimate | None,
    new_data: Estimate | None,
    corrected_rerun: float | None,
    corrected_both: float | None,
    higher_is_better: bool,
    groups_are: str = "groups",
) -> Verdict:
    """The verdict on ``first minus second`` from its two estimates and their Holm-corrected p-values.

    Args:
        rerun: the difference under new seeds; None where no pair of runs is complete.
        new_data: the difference for new groups; None where it has no estimate.
        corrected_rerun: p-value of the rerun question; None where untestable.
        corrected_both: p-value of both questions together (intersection-union); None where untestable.
        higher_is_better: the direction of the metric.
        groups_are: what the data are grouped by, in the plural.
    """
    if rerun is None:
        return Verdict("too few to say", "cannot be judged: no pair of runs is complete")
    if rerun.df is None or corrected_rerun is None:
        return Verdict("too few to say", f"cannot be judged: {rerun.note or 'no interval'}")
    if rerun.df < MIN_DEGREES:
        return Verdict("too few to say", f"cannot be judged: {rerun.n} pairs of runs are too few")
    if corrected_rerun > LEVEL or rerun.value == 0:
        is_corrected_away = _leaves_out_zero(rerun)
        lost = _CORRECTED_AWAY.format(question=rerun.question) if is_corrected_away else ""
        return Verdict("no difference shown", f"no difference shown{lost}", is_corrected_away)
    is_better = (rerun.value > 0) == higher_is_better
    here: VerdictKind = "better here" if is_better else "worse here"
    adjective = "better" if is_better else "worse"
    refusal = why_unknown(new_data)
    if not refusal and new_data is not None and (new_data.value > 0) != (rerun.value > 0):
        refusal = "the two estimates disagree in sign"
    if refusal:
        return Verdict(here, f"{adjective} on these data; new {groups_are} cannot be judged: {refusal}")
    if corrected_both is not None and corrected_both <= LEVEL:
        return Verdict("better" if is_better else "worse", f"{adjective}, with new seeds and for new {groups_are}")
    is_corrected_away = new_data is not None and _leaves_out_zero(new_data)
    lost = _CORRECTED_AWAY.format(question="new data") if is_corrected_away else ""
    return Verdict(here, f"{adjective} on these data, not shown for new {groups_are}{lost}", is_corrected_away)


_CORRECTED_AWAY = " once all declared contrasts are allowed for (Holm), though its {question} interval leaves out zero"


def _leaves_out_zero(estimate: Estimate) -> bool:
    """Whether the interval, which knows of no other contrast, lies to one side of zero."""
    return estimate.low is not None and estimate.high is not None and (estimate.low > 0 or estimate.high < 0)


def no_verdict_text(unlearned: Sequence[str], predictor: str) -> str:
    """What stands in place of a verdict.

    Args:
        unlearned: the arms that are not shown to have learned.
        predictor: that they are not shown better than.
    """
    return f"no verdict: not shown better than the {predictor}: {' and '.join(unlearned)}"


def why_unknown(estimate: Estimate | None) -> str:
    """Why an estimate over folds or groups has no usable interval; empty if it has one."""
    if estimate is None or estimate.df is None:
        return estimate.note if estimate is not None and estimate.note else "no interval"
    if estimate.df < MIN_DEGREES:
        return f"the spread of {estimate.n} folds or groups leaves fewer than {MIN_DEGREES} degrees of freedom"
    return ""
