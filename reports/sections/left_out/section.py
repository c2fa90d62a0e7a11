"""The last line of a report: what it has nothing to say about, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from reports.sections.section import LeftOut, Section


@dataclass(frozen=True)
class LeftOutSection(Section):
    """One sentence in place of sections that would say that they have nothing to say.

    Attributes:
        items: what the other sections leave out.
    """

    title: ClassVar[str] = "Left out"
    folds: ClassVar[bool] = False

    items: tuple[LeftOut, ...]

    def markdown(self) -> str:
        """The sentence."""
        return left_out_sentence(self.items)


def left_out_sentence(items: Sequence[LeftOut]) -> str:
    """``Nothing to say about: a and b, because ...; c, because ...``; empty where all has been said."""
    by_reason: dict[str, list[str]] = {}
    for item in items:
        by_reason.setdefault(item.why, []).append(item.what)
    parts = [f"{_listed(list(dict.fromkeys(names)))}, because {why}" for why, names in by_reason.items()]
    return f"Nothing to say about: {'; '.join(parts)}." if parts else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
