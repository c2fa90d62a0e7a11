"""The section on the seed race: how many confirm seeds the contrasts took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.results.estimates import Compared
from reports.sections.section import Section
from reports.sections.seed_race.text import race_grid, race_table, smallest_effect_text
from reports.sections.seed_race.values import RaceTable
from reports.text.csv_table import Table
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class SeedRaceSection(Section):
    """The looks at every contrast, and what they decided.

    Attributes:
        race: None where the number of seeds was fixed.
        contrasts: the same ones as the report claims them, in the same order.
    """

    title: ClassVar[str] = "Confirmation by racing"

    race: RaceTable | None
    contrasts: tuple[Compared, ...]

    def markdown(self) -> str:
        """One row per contrast; empty where seeds were not raced."""
        if self.race is None:
            return ""
        return render_markdown_template(
            "sections/seed_race/section.md.j2",
            race=self.race,
            metric=self.race.metric,
            smallest_effect=smallest_effect_text(self.race),
            grid=race_grid(self.race, self.contrasts),
        )

    def csv_tables(self) -> tuple[Table, ...]:
        """Every look."""
        return (race_table(self.race),)
