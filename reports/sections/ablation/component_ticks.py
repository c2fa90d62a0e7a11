"""Whether an arm was trained with a component: everywhere, nowhere, or in some cells, where their searches chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A component of an arm: on in ``num_on`` of ``num_cells`` cells; of a plan, and of an arm that has it everywhere
    or nowhere, 1 or 0 of 1."""

    num_on: int
    num_cells: int = 1

    @property
    def is_everywhere(self) -> bool:
        """Whether no cell is without the component."""
        return self.num_on == self.num_cells

    @property
    def varies(self) -> bool:
        """Whether some cells have the component and others do not."""
        return 0 < self.num_on < self.num_cells

    @property
    def share(self) -> str:
        """``4 of 5``."""
        return f"{self.num_on} of {self.num_cells}"

    @property
    def mark(self) -> str:
        """For a table: a check mark, a dot, or the check mark with the share."""
        if self.varies:
            return f"\N{CHECK MARK} in {self.share}"
        return "\N{CHECK MARK}" if self.is_everywhere else "\N{MIDDLE DOT}"


def ticks_of(components: Mapping[str, bool], varying: Mapping[str, tuple[int, int]]) -> dict[str, Tick]:
    """The components of an arm by name, from the fields of ``ArmDescription``; those of another method, and those that
    nobody knows yet, are absent."""
    same = {name: Tick(int(on)) for name, on in components.items()}
    return same | {name: Tick(num_on, num_cells) for name, (num_on, num_cells) in varying.items()}
