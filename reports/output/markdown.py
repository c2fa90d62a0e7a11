"""The report as Markdown that reads well on a forge and in a terminal. Same report, same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from reports.report import Report
from reports.sections.section import Section
from reports.text.escape_markup import escape_markup


def render_markdown(report: Report) -> str:
    """The whole report as Markdown text, ending with one line feed. Figures are referred to, not drawn."""
    parts = [f"# {report.study.study}", *filter(None, map(_render, report.sections))]
    return "\n\n".join(parts) + "\n"


def render_answer(sentences: Sequence[str]) -> str:
    """The answer of a report alone, as a Markdown list, for places that show nothing else of it."""
    return escape_markup("\n".join(f"- {sentence}" for sentence in sentences))


def _render(section: Section) -> str:
    """Heading and text; empty where the section has nothing to say."""
    text = section.markdown().strip("\n")
    return f"## {section.title}\n\n{text}" if text and section.title else text
