"""Seed budgets: how many confirm seeds an arm runs, decided while the study runs.

A budget answers with one of three words. What runs trials never learns a test score from it.
"""

from __future__ import annotations

from typing import Literal, Protocol

from reports.records.run_record import RunRecord

SeedDecision = Literal["continue", "stop", "wait"]
"""``continue``: the arm runs this seed. ``stop``: neither this seed nor a later one. ``wait``: ask again after more
trials have ended."""


class SeedBudget(Protocol):
    """Decides how many confirm seeds each arm runs.

    The study's trial source calls it in the driver's process and thread: ``decide`` before it gives out a confirm
    trial, ``tell`` for every confirm trial that has ended, in the order of the ledger, also when a ledger is replayed.
    """

    def decide(self, arm: str, seed_index: int) -> SeedDecision:
        """Whether ``arm`` may run its confirm seed number ``seed_index``, counted from 0."""
        ...

    def tell(self, record: RunRecord) -> None:
        """A confirm trial has ended."""
        ...


class FixedSeeds:
    """Every arm runs every seed."""

    def decide(self, arm: str, seed_index: int) -> SeedDecision:
        return "continue"

    def tell(self, record: RunRecord) -> None:
        """Nothing depends on it."""
