"""Correction for testing several declared contrasts at once.

Holm 1979, *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6. In words: if
every contrast with a corrected p of at most 0.05 is called real, the chance of calling even one that is not is at most
5%, whatever the contrasts have in common.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm-corrected p-values, in the given order.

    None (a contrast that was declared but could not be tested) stays None and still counts in the size of the family:
    a missing result must not make the others look stronger.
    """
    ranked = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(ranked):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p))
        corrected[place] = highest
    return tuple(corrected)


def intersection_union(first: float | None, second: float | None) -> float | None:
    """The p-value of "both": the larger of the two (Berger 1982, Technometrics 24). None if either is undefined.

    In words: a claim that needs two things shown is as strong as the weaker of them, without further correction.
    """
    return None if first is None or second is None else max(first, second)
