"""The rungs of successive halving: at which epochs trials are compared, and how Hyperband's brackets differ."""

from __future__ import annotations

import math


def first_rungs(first: int, max_epochs: int, reduction: int) -> list[int]:
    """The epoch of the first rung of each of Hyperband's brackets, the one that stops earliest first; ASHA is that one.

    Args:
        first: epoch of the earliest rung; those above it stand at ``reduction``, ``reduction**2``, ... times it.
        max_epochs: of a trial.
        reduction: eta of the papers: one in so many trials passes each rung.
    """
    num_brackets = math.floor(math.log(max(1, max_epochs / first), reduction) + 1e-9) + 1
    return [first * reduction**bracket for bracket in range(num_brackets)]


def bracket_weights(num: int, reduction: int) -> list[int]:
    """Shares of trials that Hyperband's brackets get, the one that stops earliest first: ceil(B eta^s / (s + 1)) with
    s = B - 1 - bracket (Li et al. 2018, Algorithm 1)."""
    return [math.ceil(num * reduction**s / (s + 1)) for s in reversed(range(num))]


def share_of_bracket(first_rung: int, max_epochs: int, reduction: int) -> float:
    """The share of all epochs that trials run whose first rung is after epoch ``first_rung``."""
    epochs, passed, reached = 0.0, 1.0, 0
    rung = first_rung
    while rung < max_epochs:
        epochs, passed, reached = epochs + passed * (rung - reached), passed / reduction, rung
        rung *= reduction
    return (epochs + passed * (max_epochs - reached)) / max_epochs
