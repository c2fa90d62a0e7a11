"""The section on power: how large a difference the study can detect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from reports.results.metrics import Metric
from reports.sections.ablation.answer import NO_CONTRAST
from reports.sections.power.text import detection_table, detection_text
from reports.sections.power.values import Detection
from reports.sections.section import LeftOut, Section
from reports.text.csv_table import Table
from reports.text.templates import render_markdown_template


@dataclass(frozen=True)
class PowerSection(Section):
    """What each contrast could have shown.

    Attributes:
        values: the detectable differences.
        metric: the primary one.
        groups_are: what test items belong to.
        asks_new_data: whether anything is asked about new groups.
    """

    title: ClassVar[str] = "What this study can detect"

    values: Detection
    metric: Metric
    groups_are: str
    asks_new_data: bool

    def markdown(self) -> str:
        """Sentences and tables."""
        return render_markdown_template(
            "sections/power/section.md.j2",
            rows=self.values.rows,
            text=detection_text(self.values, self.metric, self.groups_are),
            groups_are=self.groups_are,
            asks_new_data=self.asks_new_data,
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """Sizes, where no contrast was declared."""
        return () if self.values.rows else (LeftOut("how large a difference could have been seen", NO_CONTRAST),)

    def csv_tables(self) -> tuple[Table, ...]:
        """Every contrast, and the paper's differences."""
        return (detection_table(self.values, self.metric),)
