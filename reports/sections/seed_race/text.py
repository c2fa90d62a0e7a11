"""The table of a race, as text and as CSV."""

from __future__ import annotations

from collections.abc import Sequence

from reports.results.estimates import Compared
from reports.sections.seed_race.values import RaceRow, RaceTable
from reports.text.csv_table import Table, estimate_cells
from reports.text.markdown_table import Grid
from reports.text.number_cells import interval_cell
from reports.text.rounding import ABSENT, decimals_for, fixed, p_text


def race_grid(table: RaceTable, contrasts: Sequence[Compared]) -> Grid:
    """One row per contrast: how it ended, and what every look saw. contrasts: the same, as the report claims them."""
    metric = table.metric
    rows = []
    for number, (race, held) in enumerate(zip(table.rows, contrasts, strict=True), start=1):
        estimates = held.estimates[metric.name]
        seen = "; ".join(f"{look.num_seeds}: {p_text(look.estimate.p_value)}" for look in race.looks) or ABSENT
        difference, interval = ABSENT, ABSENT
        if estimates is not None:
            decimals = decimals_for([estimates.rerun.half_width], metric.decimals)
            difference = fixed(estimates.value, decimals, signed=True)
            interval = interval_cell(estimates.rerun, decimals, signed=True)
        ending = _ending(race) + ("" if held.has_verdict else ", no verdict")
        rows.append((str(number), race.contrast.pair, ending, difference, interval, seen))
    headings = ("", "Contrast", "Outcome", f"{metric.label} difference", "rerun 95%", "raw p at each interim analysis")
    return Grid(headings, "rllrrl", tuple(rows))


def smallest_effect_text(table: RaceTable) -> str:
    """``0.02 MAE``, ``0.5% Acc-7``."""
    return f"{table.rule.smallest_effect:g}{table.metric.unit} {table.metric.label}"


def _ending(race: RaceRow) -> str:
    outcome = "stopped for futility" if race.outcome == "given up" else race.outcome
    return outcome if race.decided_at is None else f"{outcome} at {race.decided_at}"


def race_table(race: RaceTable | None) -> Table:
    """Every look at every contrast. race: None where the number of seeds was fixed."""
    rows = [
        (
            *(row.contrast.first, row.contrast.second, look.num_seeds, look.estimate.value),
            *estimate_cells(look.estimate),
            *(look.estimate.p_value, row.outcome, row.decided_at),
        )
        for row in (race.rows if race is not None else ())
        for look in row.looks
    ]
    seen = ("difference", "low", "high", "df", "n", "note", "p_raw")
    return Table("race", ("first", "second", "seeds", *seen, "outcome", "decided_at"), tuple(rows))
