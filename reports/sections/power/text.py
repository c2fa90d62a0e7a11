"""The section on what can be detected as a table of text and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.records.record import Contrast
from reports.results.metrics import Metric
from reports.sections.power.sentences import floor_sentence, looks_sentence, published_sentence, reach_sentence
from reports.sections.power.values import Detection, Reach
from reports.text.csv_table import Cell, Table
from reports.text.markdown_table import Grid
from reports.text.number_cells import decimals_of
from reports.text.rounding import ABSENT, fixed


@dataclass(frozen=True)
class DetectionText:
    """What the partial ``section.md.j2`` shows."""

    sentences: tuple[str, ...]
    reach: Grid
    pairing: Grid | None
    published: tuple[str, ...]
    floors: tuple[str, ...]
    looks: str


def detection_text(section: Detection, metric: Metric, groups_are: str) -> DetectionText:
    """Sentences and the table of the section. metric: the primary one. groups_are: what test items belong to."""
    return DetectionText(
        sentences=tuple(reach_sentence(row, metric, groups_are) for row in section.rows),
        reach=reach_grid(section, metric, groups_are),
        pairing=pairing_grid(section, metric),
        published=tuple(published_sentence(row, gap, groups_are) for row in section.rows for gap in row.published),
        floors=tuple(floor_sentence(floor, section.rows, metric) for floor in section.floors),
        looks=looks_sentence(section.looks),
    )


def reach_grid(section: Detection, metric: Metric, groups_are: str) -> Grid:
    """Per contrast: what was seen, and what could have been."""
    rows: list[tuple[str, ...]] = []
    for number, row in enumerate(section.rows, start=1):
        answers, pair = row.reach.answers, f"{row.contrast.first} - {row.contrast.second}"
        if answers is None:
            rows.append((str(number), pair, "0", ABSENT, ABSENT, ABSENT))
            continue
        decimals = decimals_of(answers, metric)
        sizes = [fixed(size, decimals) for size in (abs(answers.value), row.reach.rerun, row.reach.new_data)]
        rows.append((str(number), pair, str(answers.rerun.n), *sizes))
    unit = f"{metric.label} {metric.unit}".strip()
    detectable = ("detectable, these data", f"detectable, new {groups_are}")
    return Grid(("", "Contrast", "n", f"seen, {unit}", *detectable), "rlrrrr", tuple(rows))


def pairing_grid(section: Detection, metric: Metric) -> Grid | None:
    """Per contrast: what pairing by seed achieved; None if no contrast is paired."""
    rows = []
    for number, row in enumerate(section.rows, start=1):
        pairing, answers = row.pairing, row.reach.answers
        if pairing is None or answers is None:
            continue
        decimals = decimals_of(answers, metric) + 1
        correlation = fixed(pairing.correlation, 2, signed=True)
        if pairing.low is not None:
            correlation += f" ({fixed(pairing.low, 2, signed=True)} to {fixed(pairing.high, 2, signed=True)})"
        errors = fixed(pairing.paired_error, decimals), fixed(pairing.unpaired_error, decimals)
        rows.append((str(number), str(pairing.n), correlation, *errors, f"{pairing.worth:.1f} x"))
    headings = ("", "pairs", "r", f"SE paired, {metric.label}", "SE unpaired", "worth")
    return Grid(headings, "rrrrrr", tuple(rows)) if rows else None


def detection_table(section: Detection, metric: Metric) -> Table:
    """The section as CSV: the declared contrasts on the primary metric, then the paper's differences."""
    reach = ("first", "second", "metric", "unit", "family", "n", "seen", "detectable_rerun", "detectable_new_data")
    pairs = ("correlation", "correlation_low", "correlation_high", "paired_error", "unpaired_error")
    return Table("detection", (*reach, *pairs, "published"), tuple(_rows(section, metric)))


def _rows(section: Detection, metric: Metric) -> Iterator[tuple[Cell, ...]]:
    for row in section.rows:
        pairing = row.pairing
        pairs: tuple[Cell, ...] = (None,) * 5
        if pairing is not None:
            pairs = (pairing.correlation, pairing.low, pairing.high, pairing.paired_error, pairing.unpaired_error)
        yield (*_reach_cells(row.contrast, metric, row.reach), *pairs, None)
        for gap in row.published:
            yield (*_reach_cells(row.contrast, gap.metric, gap.reach), *(None,) * 5, gap.value)


def _reach_cells(contrast: Contrast, metric: Metric, reach: Reach) -> tuple[Cell, ...]:
    answers = reach.answers
    seen = (0, None) if answers is None else (answers.rerun.n, answers.value)
    name = (contrast.first, contrast.second, metric.name, metric.unit, reach.family)
    return (*name, *seen, reach.rerun, reach.new_data)
