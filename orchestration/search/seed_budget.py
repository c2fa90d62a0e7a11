"""The seam between the confirm trials of a study and whatever decides how many seeds an arm gets.

It answers with one of three words: nobody who runs trials ever learns a test score from it.
"""

from __future__ import annotations

from typing import Literal, Protocol

from reports.records.record import RunRecord

Leave = Literal["continue", "stop", "wait"]
"""May the arm run this seed: yes; no, and none after it; not known before more trials have ended."""


class Pace(Protocol):
    """Says how many of its confirm seeds an arm may run."""

    def leave(self, arm: str, seed_index: int) -> Leave:
        """May ``arm`` run its confirm seed number ``seed_index`` (from 0)?"""
        ...

    def tell(self, record: RunRecord) -> None:
        """A confirm trial has ended."""
        ...


class EverySeed:
    """Every arm runs every seed."""

    def leave(self, arm: str, seed_index: int) -> Leave:
        return "continue"

    def tell(self, record: RunRecord) -> None:
        """Nothing depends on it."""
