"""Where an arm was run, in words: seeds, and folds where there are any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reports.results.results import ResultsTable, RunState
from reports.text.listing import list_names
from reports.text.rounding import count

MOST_GROUPS = 3
"""Groups of arms with other seeds than each other's that a sentence names."""
MOST_SEEDS = 10


def seeds_text(results: ResultsTable) -> str:
    """The seeds of the runs that were planned or made: ``seeds 1, 2, 3``, by arm where arms have others than each
    other: ``seeds 1, 2, 3 (full, no_ca) and 1001, 1002, 1003 (control)``."""
    arms_of: dict[tuple[int, ...], list[str]] = {}
    for arm, state in zip(results.arms, results.state, strict=True):
        places = np.flatnonzero((state != RunState.NOT_PLANNED).any(axis=1)).tolist()
        if places:
            arms_of.setdefault(tuple(results.seeds[place] for place in places), []).append(arm)
    if not arms_of:
        return "no seeds"
    if len(arms_of) == 1:
        return f"seeds {_list_seeds(next(iter(arms_of)))}"
    if len(arms_of) > MOST_GROUPS:
        numbers = sorted(map(len, arms_of))
        ends = str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"
        return f"{ends} seeds per arm"
    return "seeds " + " and ".join(
        f"{_list_seeds(seeds)} ({list_names(names, 'arms')})" for seeds, names in arms_of.items()
    )


def cells_text(results: ResultsTable) -> str:
    """``5 folds``, ``5 folds in each of 3 repeats``, ``one split``."""
    repeats = {cell.repeat for cell in results.cells}
    if results.is_official:
        return "one split"
    if len(repeats) < 2:
        return count(len(results.cells), "fold")
    return f"{count(len({cell.fold for cell in results.cells}), 'fold')} in each of {len(repeats)} repeats"


def over_cells(is_official: bool) -> str:
    """What a mean of runs goes over: ``seeds and folds``, or ``seeds`` where there is one split."""
    return "seeds" if is_official else "seeds and folds"


def paired_by(is_official: bool) -> str:
    """What the runs of a pair have in common: ``seed and fold``, or ``seed`` where there is one split."""
    return "seed" if is_official else "seed and fold"


def mean_of_searches(is_official: bool) -> str:
    """``, mean over its cells`` of an arm's searches; empty where there is one split, and so one search."""
    return "" if is_official else ", mean over its cells"


def _list_seeds(seeds: Sequence[int]) -> str:
    if len(seeds) > MOST_SEEDS and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
