"""The table of a race, as text."""

from __future__ import annotations

from reports.report import Report
from reports.sections.seed_race.values import RaceRow
from reports.text.markdown_table import Grid
from reports.text.number_cells import interval_cell
from reports.text.rounding import ABSENT, decimals_for, fixed, p_text


def race_grid(report: Report) -> Grid | None:
    """One row per contrast: how it ended, and what every look saw; None if seeds were not raced."""
    if report.race is None:
        return None
    metric = report.primary
    rows = []
    for number, (race, held) in enumerate(zip(report.race.rows, report.contrasts.rows, strict=True), start=1):
        answers = held.differences[metric.name].answers
        name = f"{race.contrast.first} - {race.contrast.second}"
        seen = "; ".join(f"{look.repeats}: {p_text(look.estimate.p_value)}" for look in race.looks) or ABSENT
        difference, interval = ABSENT, ABSENT
        if answers is not None:
            decimals = decimals_for([answers.rerun.half_width], metric.decimals)
            difference = fixed(answers.value, decimals, signed=True)
            interval = interval_cell(answers.rerun, decimals, signed=True)
        ending = _ending(race) + (", no verdict" if held.verdict.kind == "no verdict" else "")
        rows.append((str(number), name, ending, difference, interval, seen))
    headings = ("", "Contrast", "Outcome", f"{metric.label} difference", "rerun 95%", "raw p at each look")
    return Grid(headings, "rllrrl", tuple(rows))


def smallest_effect_text(report: Report) -> str:
    """``0.02 MAE``, ``0.5% Acc-7``."""
    if report.race is None:
        return ""
    return f"{report.race.rule.smallest_effect:g}{report.primary.unit} {report.primary.label}"


def _ending(race: RaceRow) -> str:
    return race.outcome if race.decided_at is None else f"{race.outcome} at {race.decided_at}"
