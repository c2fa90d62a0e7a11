"""Where the verdicts on declared contrasts stand in the main table: at which row, and which rows they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from reports.sections.ablation.values import ContrastRow
from reports.statistics.verdict import VerdictKind

MarkKind = Literal["both questions", "these data", "not shown", "no verdict"]
"""What may be said of a row against another one: shown better for both questions, better on these data only, no
difference shown, nothing because the contrast cannot be judged."""

MARK_KINDS: tuple[MarkKind, ...] = get_args(MarkKind)

_MARKS: Mapping[VerdictKind, MarkKind] = {
    "better": "both questions",
    "worse": "both questions",
    "better here": "these data",
    "worse here": "these data",
    "no difference shown": "not shown",
    "no verdict": "no verdict",
    "too few to say": "no verdict",
}

Marks = Mapping[MarkKind, tuple[int, ...]]
"""Kind -> numbers of the rows that a row is compared with."""


def place_marks(contrasts: Sequence[ContrastRow], number_of: Mapping[str, int]) -> Mapping[str, Marks]:
    """Arm -> its marks. Every declared contrast stands once.

    That is at the arm that is shown better; where neither is, at the one that the contrast names first.

    Args:
        contrasts: the declared ones with their verdicts.
        number_of: arm -> the number of its row.
    """
    found: dict[str, dict[MarkKind, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in contrasts:
        first, second = row.contrast.first, row.contrast.second
        if row.verdict.kind.startswith("worse"):
            first, second = second, first
        found[first][_MARKS[row.verdict.kind]].add(number_of[second])
    return {
        arm: {kind: tuple(sorted(by_kind[kind])) for kind in MARK_KINDS if kind in by_kind}
        for arm, by_kind in found.items()
    }
