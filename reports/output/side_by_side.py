"""Studies that cannot be merged, in one report: a comparison of what they found, then a section for each.

Numbers of different data are never averaged or ranked together: a column is a study, and the reader compares patterns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reports.output.rendered import RenderedReport, render_report
from reports.report import Report
from reports.results.results import RunState
from reports.sections.run_log.kept_spaces import FOLDER as SPACES
from reports.text.markdown_table import Grid, deal_columns
from reports.text.number_cells import CELL_LEGEND, mean_cell
from reports.text.rounding import ABSENT, count
from reports.text.templates import render_markdown_template

MOST_COLUMNS = 3


@dataclass(frozen=True)
class _Column:
    """One study. label: as headings name it; key: as paths name it. Both are unique."""

    label: str
    key: str
    report: Report

    @property
    def split(self) -> tuple[object, object]:
        """Equal for studies that are tested on the same parts of the same data."""
        return self.report.study.data.get("content_hash"), self.report.study.data.get("protocol")


def put_side_by_side(reports: Sequence[Report]) -> RenderedReport:
    """One report of several; tables and spaces lie in a folder per study, figures have its name in front."""
    columns = _columns(reports)
    rendered = {column.key: render_report(column.report) for column in columns}
    markdown = _overview(columns)
    tables: dict[str, str] = {}
    spaces: dict[str, str] = {}
    drawings = {}
    for column in columns:
        part = rendered[column.key]
        markdown += f"\n{_demote(_readdress(part.markdown, column.key), column.label)}"
        tables |= {f"{column.key}/{name}": text for name, text in part.tables.items()}
        spaces |= {_below_spaces(path, column.key): text for path, text in part.spaces.items()}
        for drawing in part.drawings.values():
            name = f"{column.key}-{drawing.name}"
            drawings[name] = replace(drawing, name=name)
    return RenderedReport(markdown, drawings, tables, spaces=spaces)


def compare(reports: Sequence[Report]) -> str:
    """What stands before the sections of the studies, as Markdown."""
    return _overview(_columns(reports))


def _columns(reports: Sequence[Report]) -> tuple[_Column, ...]:
    seen: Counter[str] = Counter()
    columns = []
    for report in reports:
        name = report.study.study
        seen[name] += 1
        label = name if seen[name] == 1 else f"{name} ({seen[name]})"
        columns.append(_Column(label, re.sub(r"[^\w-]+", "-", label).strip("-"), report))
    return tuple(columns)


def _overview(columns: Sequence[_Column]) -> str:
    text = render_markdown_template(
        "templates/side_by_side.md.j2",
        columns=columns,
        studies=_study_grid(columns),
        arms=list(_arm_grids(columns)),
        splits=list(_shared_splits(columns)),
        cell_legend=CELL_LEGEND,
        has_gaps=len({frozenset(column.report.arms) for column in columns}) > 1,
    )
    return text + "\n"


def _study_grid(columns: Sequence[_Column]) -> Grid:
    rows = []
    for column in columns:
        report = column.report
        runs = int((report.results.state >= RunState.COMPLETED).sum())
        name = (column.label, report.study.data_name or ABSENT, report.primary.label)
        rows.append((*name, str(len(report.study.arms)), str(runs), str(len(report.scored))))
    return Grid(("Study", "Data", "Primary", "arms", "runs", "scored"), "lllrrr", tuple(rows))


def _arm_grids(columns: Sequence[_Column]) -> Iterator[Grid]:
    """Arms by studies, a few studies per table; an arm is found again by its name."""
    names = dict.fromkeys(name for column in columns for name in column.report.arms)
    for shown in deal_columns(columns, MOST_COLUMNS):
        rows = [(name, *(_cell(column, name) for column in shown)) for name in names]
        headings = (f"{column.label}: {column.report.primary.heading}" for column in shown)
        yield Grid(("Arm", *headings), "l" + "r" * len(shown), tuple(rows))


def _cell(column: _Column, arm: str) -> str:
    row = column.report.arms.get(arm)
    if row is None:
        return ABSENT
    metric = column.report.primary
    return f"{mean_cell(row.measured[metric.name].estimates, metric)}, {count(row.counts.scored, 'run')}"


def _shared_splits(columns: Sequence[_Column]) -> Iterator[tuple[str, int]]:
    """(labels, configurations scored) of every test split that several studies share."""
    groups: dict[tuple[object, object], list[_Column]] = {}
    for column in columns:
        groups.setdefault(column.split, []).append(column)
    for members in groups.values():
        if len(members) > 1:
            scored: frozenset[str] = frozenset().union(*(member.report.scored for member in members))
            yield ", ".join(member.label for member in members), len(scored)


def _readdress(markdown: str, key: str) -> str:
    """Paths of figures, tables and spaces as they are in the common folder."""
    for opening in "[(":
        markdown = markdown.replace(f"{opening}{SPACES}/", f"{opening}{SPACES}/{key}/")
    markdown = markdown.replace("](figures/", f"](figures/{key}-").replace("](tables/", f"](tables/{key}/")
    return markdown.replace("`tables/", f"`tables/{key}/")


def _below_spaces(path: str, key: str) -> str:
    return path.replace(f"{SPACES}/", f"{SPACES}/{key}/", 1)


def _demote(markdown: str, title: str) -> str:
    """Every heading one level down, the first one replaced; lines of code stay."""
    lines = []
    is_code = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            is_code = not is_code
        lines.append(f"#{line}" if line.startswith("#") and not is_code else line)
    assert lines[0].startswith("## "), lines[0]
    return "\n".join([f"## {title}", *lines[1:]]) + "\n"
