"""Names in a report are text: no HTML, no picture from elsewhere, no address that runs; everything else as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from reports.text.escape_markup import escape_markup

REPORTS = sorted((Path(__file__).parents[3] / "docs" / "results").glob("*/report.md"))
PAYLOADS = [
    "<script>alert(1)</script>",
    "</p><img src=x onerror=alert(1)>",
    "<!-- -->",
    "![x](http://example.com/a.png)",
    "\\\\<script>",
    "\\\\![x](http://example.com/a.png)",
    "[a](javascript:alert(1))",
    "[a]( JavaScript:alert(1))",
    "[a](<javascript:alert(1)>)",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("line", ["- {}: ahead", "| {} | 1 |", "{}"])
def test_what_a_name_holds_is_shown_and_not_followed(payload: str, line: str) -> None:
    page = MarkdownIt("commonmark", {"html": True}).render(escape_markup(line.format(payload)))
    assert not any(sign in page.lower() for sign in ("<script", "<img", "<!--", 'href="javascript'))
    assert escape_markup(escape_markup(payload)) == escape_markup(payload)


def test_reports_without_such_names_are_left_as_they_are() -> None:
    assert len(REPORTS) >= 2
    for report in REPORTS:
        text = report.read_text(encoding="utf-8")
        assert "![" in text
        assert escape_markup(text) == text
