"""What a later session changed of the plan of a study that had begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlanChange:
    """One key of the search space, before and after, as JSON text; empty where the key was absent."""

    key: str
    before: str
    after: str


@dataclass(frozen=True)
class Extension:
    """One session's change of the plan. The earlier plan is the later one with ``changes`` undone.

    Attributes:
        at: date and time in ISO 8601, UTC.
        command: that ran the session.
        added: what the plan has since, in words, each ``+ arm ridge`` or ``- confirm seed 3``.
        notes: what stays as it was and what a reader must know, in sentences.
        num_ended: trials that had ended before.
        num_scored: confirm trials that had been scored on test before.
        changes: of the search space.
        estimate: what it was expected to cost, as in ``StudyDescription.estimate``; empty if not recorded.
        space_before: the search space as it ran before, as YAML; empty if not recorded.
        num_asked: trials that had been asked for before, open ones among them; None if not recorded.
        contrasts_before: the pairs of arms that were declared contrasts before; None if not recorded.
    """

    at: str
    command: str
    added: tuple[str, ...]
    notes: tuple[str, ...] = ()
    num_ended: int = 0
    num_scored: int = 0
    changes: tuple[PlanChange, ...] = ()
    estimate: Mapping[str, float] = field(default_factory=dict)
    space_before: str = ""
    num_asked: int | None = None
    contrasts_before: tuple[tuple[str, str], ...] | None = None

    @property
    def date(self) -> str:
        """The day."""
        return self.at[:10]
