"""The form that all five tables share, as values."""

from __future__ import annotations

from dataclasses import dataclass

from reports.results.estimates import EstimatePair
from reports.results.metrics import Metric
from reports.results.results import RunCounts
from reports.sections.paper_tables.published import Printed


@dataclass(frozen=True)
class PaperCell:
    """One number of the paper beside one of the study, in per cent.

    Attributes:
        metric: of both numbers.
        printed: None where the paper has no such number.
        measured: None where the study has none.
    """

    metric: Metric
    printed: Printed | None
    measured: EstimatePair | None


@dataclass(frozen=True)
class PaperEntry:
    """The cells of one row that one arm (or a summary of arms) stands behind.

    Attributes:
        arms: whose runs are measured; empty for a gap.
        counts: those runs; None for a gap.
        gap: why nothing is measured, in words; empty if something is.
        cells: one per column of the group.
    """

    arms: tuple[str, ...]
    counts: RunCounts | None
    gap: str
    cells: tuple[PaperCell, ...]


@dataclass(frozen=True)
class PaperRow:
    """One row of a table of the paper.

    Attributes:
        names: its name cells.
        label: the row in one word, for footnotes.
        entries: one per group of columns.
    """

    names: tuple[str, ...]
    label: str
    entries: tuple[PaperEntry, ...]


@dataclass(frozen=True)
class PaperColumn:
    """One column of a table of the paper.

    Attributes:
        heading: as the paper prints it.
        reading: what is measured, where that needs a word; else empty.
        has_printed: whether the paper has this column.
    """

    heading: str
    reading: str = ""
    has_printed: bool = True


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper with every row it has, and rows that only this study has.

    Attributes:
        number, title: as in the paper.
        dataset: of the published numbers.
        is_same_data: whether the study's data are that data set by name; if not, the published numbers are for
            orientation only.
        name_headings: of the name cells.
        groups: columns that share an entry.
        rows: the paper's first.
        blocks: indices of the rows that begin a block.
        notes: what a reader must know, in sentences.
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
