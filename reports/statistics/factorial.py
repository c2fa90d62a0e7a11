"""Effects of a full two-level factorial, as weights on its cells.

Source: Yates 1937; Box, Hunter and Hunter, *Statistics for Experimenters*, chapter 5; Montgomery, *Design and Analysis
of Experiments*, chapter 6. In words: a **main effect** is what a component is worth on average over all combinations of
the others; an **interaction** is how much more a component is worth when another one is there than when it is not (the
difference of two differences, without the factor 1/2 that textbooks put before it, so that it is in the metric's unit).
Every effect uses all cells, so each is estimated as precisely as if the whole study had been about it alone.

A combination is the set of components that are on; weights map each combination to its factor in a sum of cell means.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

Combination = frozenset[str]
CombinationWeights = Mapping[Combination, float]


def all_combinations(components: Sequence[str]) -> tuple[Combination, ...]:
    """The ``2^k`` combinations, those with more components on first."""
    return tuple(
        frozenset(chosen)
        for size in range(len(components), -1, -1)
        for chosen in itertools.combinations(components, size)
    )


def main_effect(components: Sequence[str], component: str) -> CombinationWeights:
    """Mean of the half of the cells that have ``component`` minus mean of the half that do not."""
    half = 2 ** (len(components) - 1)
    return {cell: (1 if component in cell else -1) / half for cell in all_combinations(components)}


def interaction(components: Sequence[str], one: str, other: str) -> CombinationWeights:
    """Worth of ``one`` with ``other`` minus its worth without; the same with the roles changed.

    Args:
        components: all that vary; at least two.
        one, other: two of them.

    Returns:
        Combination -> its weight.
    """
    quarter = 2 ** (len(components) - 2)
    return {cell: (1 if (one in cell) == (other in cell) else -1) / quarter for cell in all_combinations(components)}


def level_mean(components: Sequence[str], levels: Mapping[str, bool]) -> CombinationWeights:
    """Mean of the cells at the given ``levels``, over all combinations of the other components."""
    cells = [cell for cell in all_combinations(components) if all((name in cell) == on for name, on in levels.items())]
    return dict.fromkeys(cells, 1 / len(cells))
