"""Where a run is tested: on one fold of one repeat, or on the official split."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class FoldCell:
    """Where runs are tested; ``fold`` is -1 on an official split (so that cells sort)."""

    repeat: int
    fold: int

    @property
    def name(self) -> str:
        """``official``, ``fold 2``, or ``repeat 1 fold 2``."""
        if self.fold < 0:
            return "official"
        return f"repeat {self.repeat} fold {self.fold}" if self.repeat else f"fold {self.fold}"


def cell_of(repeat: int, fold: int | None) -> FoldCell:
    """The cell of a record or a planned trial."""
    return FoldCell(repeat, -1 if fold is None else fold)
