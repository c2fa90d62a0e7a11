"""The section on what can be detected as a table of text and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.records.study_description import Contrast
from reports.results.metrics import Metric
from reports.sections.power.sentences import describe_test_set_use, floor_sentence, power_sentence, published_sentence
from reports.sections.power.values import Detection, SmallestDetectable
from reports.text.csv_table import Cell, Table
from reports.text.markdown_table import Grid
from reports.text.number_cells import column_decimals, decimals_of
from reports.text.rounding import ABSENT, fixed


@dataclass(frozen=True)
class DetectionText:
    """What the partial ``section.md.j2`` shows."""

    sentences: tuple[str, ...]
    detectable: Grid
    pairing: Grid | None
    published: tuple[str, ...]
    floors: tuple[str, ...]
    test_set_use: str


def detection_text(section: Detection, metric: Metric, groups_are: str) -> DetectionText:
    """Sentences and the table of the section. metric: the primary one. groups_are: what test items belong to."""
    return DetectionText(
        sentences=tuple(power_sentence(row, metric, groups_are) for row in section.rows),
        detectable=power_grid(section, metric, groups_are),
        pairing=pairing_grid(section, metric),
        published=tuple(published_sentence(row, gap, groups_are) for row in section.rows for gap in row.published),
        floors=tuple(floor_sentence(floor, section.rows, metric) for floor in section.floors),
        test_set_use=describe_test_set_use(section.test_set_use),
    )


def power_grid(section: Detection, metric: Metric, groups_are: str) -> Grid:
    """Per contrast: what was seen, and what could have been."""
    decimals = column_decimals((row.detectable.estimates for row in section.rows), metric)
    rows: list[tuple[str, ...]] = []
    for number, row in enumerate(section.rows, start=1):
        estimates, pair = row.detectable.estimates, row.contrast.pair
        if estimates is None:
            rows.append((str(number), pair, "0", ABSENT, ABSENT, ABSENT))
            continue
        sizes = [
            fixed(size, decimals) for size in (abs(estimates.value), row.detectable.rerun, row.detectable.new_data)
        ]
        rows.append((str(number), pair, str(estimates.rerun.n), *sizes))
    unit = f"{metric.label} {metric.unit}".strip()
    detectable = ("detectable, these data", f"detectable, new {groups_are}")
    return Grid(("", "Contrast", "pairs", f"seen, {unit}", *detectable), "rlrrrr", tuple(rows))


def pairing_grid(section: Detection, metric: Metric) -> Grid | None:
    """Per contrast: what pairing by seed achieved; None if no contrast is paired."""
    rows = []
    for number, row in enumerate(section.rows, start=1):
        pairing, estimates = row.pairing, row.detectable.estimates
        if pairing is None or estimates is None:
            continue
        decimals = decimals_of(estimates, metric) + 1
        correlation = fixed(pairing.correlation, 2, signed=True)
        if pairing.low is not None:
            correlation += f" ({fixed(pairing.low, 2, signed=True)} to {fixed(pairing.high, 2, signed=True)})"
        errors = fixed(pairing.paired_error, decimals), fixed(pairing.unpaired_error, decimals)
        rows.append((str(number), str(pairing.n), correlation, *errors, f"{pairing.worth:.1f} x"))
    headings = ("", "pairs", "r", f"SE paired, {metric.label}", "SE unpaired", "worth")
    return Grid(headings, "rrrrrr", tuple(rows)) if rows else None


def detection_table(section: Detection, metric: Metric) -> Table:
    """The section as CSV: the declared contrasts on the primary metric, then the paper's differences."""
    sizes = ("first", "second", "metric", "unit", "family", "n", "seen", "detectable_rerun", "detectable_new_data")
    pairs = ("correlation", "correlation_low", "correlation_high", "paired_error", "unpaired_error")
    return Table("detection", (*sizes, *pairs, "published"), tuple(_rows(section, metric)))


def _rows(section: Detection, metric: Metric) -> Iterator[tuple[Cell, ...]]:
    for row in section.rows:
        pairing = row.pairing
        pairs: tuple[Cell, ...] = (None,) * 5
        if pairing is not None:
            pairs = (pairing.correlation, pairing.low, pairing.high, pairing.paired_error, pairing.unpaired_error)
        yield (*_power_cells(row.contrast, metric, row.detectable), *pairs, None)
        for gap in row.published:
            yield (*_power_cells(row.contrast, gap.metric, gap.detectable), *(None,) * 5, gap.value)


def _power_cells(contrast: Contrast, metric: Metric, detectable: SmallestDetectable) -> tuple[Cell, ...]:
    estimates = detectable.estimates
    seen = (0, None) if estimates is None else (estimates.rerun.n, estimates.value)
    name = (contrast.first, contrast.second, metric.name, metric.unit, detectable.family)
    return (*name, *seen, detectable.rerun, detectable.new_data)
