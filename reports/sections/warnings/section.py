"""The section of warnings: what to know before believing the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.sections.section import Section
from reports.text.csv_table import Table


@dataclass(frozen=True)
class WarningsSection(Section):
    """One sentence for each warning, the gravest first; without one there is nothing to say."""

    title: ClassVar[str] = "Before you believe it"
    folds: ClassVar[bool] = False

    warnings: tuple[str, ...]

    def markdown(self) -> str:
        """A list."""
        return "\n".join(f"- {warning}" for warning in self.warnings)

    def csv_tables(self) -> tuple[Table, ...]:
        """The same sentences."""
        return (Table("warnings", ("warning",), tuple((text,) for text in self.warnings)),)
