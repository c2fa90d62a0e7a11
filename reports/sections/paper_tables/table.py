"""The form that all five tables share, as values."""

from __future__ import annotations

from dataclasses import dataclass

from reports.results.estimates import Answers
from reports.results.metrics import Metric
from reports.results.results import RunCounts
from reports.sections.paper_tables.published import Printed


@dataclass(frozen=True)
class PaperCell:
    """One number of the paper beside one of the study, in per cent.

    printed: None where the paper has no such number. measured: None where the study has none.
    """

    metric: Metric
    printed: Printed | None
    measured: Answers | None


@dataclass(frozen=True)
class PaperEntry:
    """The cells of one row that one arm (or a summary of arms) stands behind.

    arms: whose runs are measured; empty for a gap. counts: those runs; None for a gap. gap: why nothing is measured, in
    words; empty if something is.
    """

    arms: tuple[str, ...]
    counts: RunCounts | None
    gap: str
    cells: tuple[PaperCell, ...]


@dataclass(frozen=True)
class PaperRow:
    """One row: its name cells, and an entry for each group of columns. label: the row in one word, for footnotes."""

    names: tuple[str, ...]
    label: str
    entries: tuple[PaperEntry, ...]


@dataclass(frozen=True)
class PaperColumn:
    """heading: as the paper prints it. reading: what is measured where that needs a word. has_printed: whether the
    paper has this column."""

    heading: str
    reading: str = ""
    has_printed: bool = True


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper with every row it has, and rows that only this study has.

    dataset: of the published numbers. is_same_data: whether the study's data are that data set by name; if not, the
    published numbers are for orientation only. groups: columns that share an entry. blocks: places of the rows that
    begin a block. notes: what a reader must know, in sentences.
    """

    number: int
    title: str
    dataset: str
    is_same_data: bool
    name_headings: tuple[str, ...]
    groups: tuple[tuple[PaperColumn, ...], ...]
    rows: tuple[PaperRow, ...]
    blocks: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
