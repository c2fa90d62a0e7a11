"""The rungs of successive halving: at which epochs trials are compared, and how Hyperband's brackets differ."""

from __future__ import annotations

import math

REDUCTION_FACTOR = 3
"""eta of the papers: a third of the trials passes each rung."""


def first_epoch(max_epochs: int) -> int:
    """The epoch after which trials of at most ``max_epochs`` may be stopped: a tenth of them, at least 1."""
    return max(1, max_epochs // 10)


def first_rungs(max_epochs: int) -> list[int]:
    """The epoch of the first rung of each of Hyperband's brackets, the one that stops earliest first; ASHA is that one.

    The rungs above it stand at 3, 9, ... times its epoch.
    """
    first = first_epoch(max_epochs)
    num_brackets = math.floor(math.log(max(1, max_epochs / first), REDUCTION_FACTOR) + 1e-9) + 1
    return [first * REDUCTION_FACTOR**bracket for bracket in range(num_brackets)]


def bracket_weights(num: int) -> list[int]:
    """Shares of trials that Hyperband's brackets get, the one that stops earliest first: ceil(B eta^s / (s + 1)) with
    s = B - 1 - bracket (Li et al. 2018, Algorithm 1)."""
    return [math.ceil(num * REDUCTION_FACTOR**s / (s + 1)) for s in reversed(range(num))]


def share_of_bracket(first_rung: int, max_epochs: int) -> float:
    """The share of all epochs that trials run whose first rung is after epoch ``first_rung``."""
    epochs, passed, reached = 0.0, 1.0, 0
    rung = first_rung
    while rung < max_epochs:
        epochs, passed, reached = epochs + passed * (rung - reached), passed / REDUCTION_FACTOR, rung
        rung *= REDUCTION_FACTOR
    return (epochs + passed * (max_epochs - reached)) / max_epochs
