"""The main table as text: the grid, its caption, and what its signs mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports.records.study_description import StudyDescription
from reports.results.metrics import Metric
from reports.results.results import ResultsTable
from reports.sections.main_table.columns import Column, notes_on
from reports.sections.main_table.marks import MARK_KINDS, MarkKind, Marks
from reports.sections.main_table.values import MainCell, MainRow, MainTable
from reports.text.markdown_table import Grid
from reports.text.rounding import ABSENT, count, fixed
from reports.text.seeds_and_folds import cells_text

SIGNS: Mapping[MarkKind, str] = {"both questions": "‡", "these data": "†", "not shown": "○", "no verdict": "?"}
FEWEST_IN_A_RANGE = 3


def main_grid(table: MainTable) -> Grid:
    """Every arm with its components and the metrics of the field; the primary one has the marks beside it."""
    ticks, (primary, *others) = tuple(table.components), table.columns
    against = ("against",) if table.num_contrasts else ()
    rows = []
    for row in table.rows:
        marks = (marks_cell(row.marks),) if against else ()
        numbers = (_column_cell(row, primary), *marks, *(_column_cell(row, column) for column in others))
        rows.append((str(row.number), row.arm.label, *_ticks(row, ticks), seeds_cell(row), *numbers))
    headings = ("", "Arm", *table.components.values(), "seeds", primary.heading, *against)
    headings += tuple(column.heading for column in others)
    align = "rl" + "c" * len(ticks) + "rr" + "l" * len(against) + "r" * len(others)
    blocks = (table.num_family,) if 1 < table.num_family < len(rows) else ()
    return Grid(headings, align, tuple(rows), blocks)


def _ticks(row: MainRow, components: Sequence[str]) -> tuple[str, ...]:
    ticks = row.arm.ticks
    return tuple(ticks[name].mark if name in ticks else "" for name in components)


def seeds_cell(row: MainRow) -> str:
    """Seeds, with the runs that failed or are missing: ``5 (2 failed)``."""
    counts = row.arm.counts
    remarks = [f"{counts.failed} failed"] if counts.failed else []
    remarks += [f"{counts.missing} missing"] if counts.missing else []
    return f"{row.num_seeds} ({', '.join(remarks)})" if remarks else str(row.num_seeds)


def _column_cell(row: MainRow, column: Column) -> str:
    cells = [_number(row.cells[metric.name], metric, row.num_seeds) for metric in column.metrics]
    return ABSENT if all(cell == ABSENT for cell in cells) else " / ".join(cells)


def _number(cell: MainCell, metric: Metric, num_seeds: int) -> str:
    """``0.908±0.012``; the mean alone where seeds do not spread, or where there is one.

    num_seeds: of the row; where this metric has fewer, it says so.
    """
    if cell.mean is None:
        return ABSENT
    spread = f"±{fixed(cell.deviation, metric.decimals)}" if cell.deviation else ""
    fewer = f" ({count(cell.num_seeds, 'seed')})" if cell.num_seeds != num_seeds else ""
    return f"{fixed(cell.mean, metric.decimals)}{spread}{fewer}"


def marks_cell(marks: Marks) -> str:
    """``† 9; ○ 2-4``: a sign, then the rows that it names."""
    return "; ".join(f"{SIGNS[kind]} {number_ranges(marks[kind])}" for kind in MARK_KINDS if kind in marks)


def number_ranges(numbers: Sequence[int]) -> str:
    """``2-4, 7`` of 2, 3, 4 and 7. numbers: ascending."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [
        [f"{run[0]}-{run[-1]}"] if len(run) >= FEWEST_IN_A_RANGE else [str(number) for number in run] for run in runs
    ]
    return ", ".join(part for run in parts for part in run)


def main_caption(table: MainTable, study: StudyDescription, results: ResultsTable) -> str:
    """What the numbers are, in a sentence that stands alone."""
    data = f" on {study.data_name}" if study.data_name else ""
    of_seed = "" if results.is_official else f" of each seed's mean over {cells_text(results)}"
    unit = "" if all(not metric.unit for column in table.columns for metric in column.metrics) else _PER_CENT
    return f"Study {study.study}{data}: test scores, mean ± SD over seeds{of_seed}{unit}."


_PER_CENT = "; accuracies and F1 in per cent"


def main_notes(table: MainTable, study: StudyDescription, results: ResultsTable) -> tuple[str, ...]:
    """What the signs in the table mean: of those that are in it."""
    return tuple(_notes(table, study, results))


def _notes(table: MainTable, study: StudyDescription, results: ResultsTable) -> Iterator[str]:
    yield from notes_on(table.columns)
    if table.num_contrasts:
        yield _marks_note(table, study, results)
    cells = [row.cells[metric.name] for row in table.rows for column in table.columns for metric in column.metrics]
    if any(cell.mean is not None and not cell.deviation for cell in cells):
        yield "Without ±: one seed, or every seed gives the same."
    counts = [row.arm.counts for row in table.rows]
    if any(held.failed for held in counts):
        yield f"Failed runs score as the {study.target.constant_predictor}, in means and SDs."
    if any(held.missing for held in counts):
        yield "Where runs are missing, seeds and SD are those that have all of theirs, means of all runs."
    if any(tick.varies for row in table.rows for tick in row.arm.ticks.values()):
        yield "A share beside a tick: in so many cells the search chose the component."


def _marks_note(table: MainTable, study: StudyDescription, results: ResultsTable) -> str:
    primary, groups = table.metrics[0], study.groups_are
    here = f"new {groups} not asked" if results.why_not_new else f"not shown for new {groups}"
    words: Mapping[MarkKind, str] = {
        "both questions": f"better than that row, with new seeds and for new {groups}",
        "these data": f"better than that row on these data, {here}",
        "not shown": "no difference shown",
        "no verdict": "cannot be judged",
    }
    corrected = "Holm-corrected over them, " if table.num_contrasts > 1 else ""
    used = [kind for kind in MARK_KINDS if any(kind in row.marks for row in table.rows)]
    return (
        f"Against: the {count(table.num_contrasts, 'declared contrast')} on {primary.label}, {corrected}"
        f"each with the number of the other row: {'; '.join(f'{SIGNS[kind]} {words[kind]}' for kind in used)}. "
        "Nothing is claimed of other differences."
    )
