"""What is said of a report that was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WrittenReport:
    """A report that was written.

    Attributes:
        path: of ``report.md``.
        answer: its first paragraph, one sentence each.
    """

    path: Path
    answer: tuple[str, ...]
