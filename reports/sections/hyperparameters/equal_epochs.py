"""Trials that were stopped early beside those that were not: compared where all of them have been.

What a stopped trial would have reached is not known. A value after one epoch beside values after four says how long a
trial ran, and the rule that stopped it had looked at its value; leaving the stopped ones out keeps only what looked
good early. So all trials of an arm are compared after the last epoch that each of them has reached.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.records.run_record import RunRecord
from reports.results.metrics import Metric
from reports.text.listing import list_names


@dataclass(frozen=True)
class Comparison:
    """How the trials of one arm are compared. after: the epoch; None: each at its end, as none was stopped early, or
    the stopped ones are left out. num_left_out: those, where no epochs of the trials were recorded."""

    after: int | None = None
    num_left_out: int = 0

    @property
    def clause(self) -> str:
        """What follows the number of trials in a sentence; empty where there is nothing to say."""
        if self.after is not None:
            return f", compared after epoch {self.after}"
        return f", {self.num_left_out} stopped early left out" if self.num_left_out else ""


def compare_records(records: Sequence[RunRecord], objective: Metric) -> tuple[Comparison, tuple[float, ...]]:
    """How the search trials of one arm are compared, and the value of each as recorded (not in per cent); NaN where
    there is none. A value after some epochs is the best one until then, as the value of a whole trial is."""
    ends = tuple(_end_value(record, objective) for record in records)
    valued = [place for place, end in enumerate(ends) if math.isfinite(end)]
    stopped = [place for place in valued if records[place].status == "pruned"]
    if not stopped:
        return Comparison(), ends
    curves = {place: _curve(records[place], objective) for place in valued}
    after = min(max(curves[place], default=0) for place in stopped)
    if all(min(curve, default=math.inf) <= after for curve in curves.values()):
        found = {place: _best_until(curve, after, objective) for place, curve in curves.items()}
        return Comparison(after), tuple(found.get(place, math.nan) for place in range(len(records)))
    kept = set(valued) - set(stopped)
    return Comparison(num_left_out=len(stopped)), tuple(
        end if place in kept else math.nan for place, end in enumerate(ends)
    )


def describe_comparisons(comparisons: Mapping[str, Comparison]) -> str:
    """One sentence on arms of which trials were stopped early, ``Compared after epoch 3 (full, no_ca), as trials were
    stopped early.``; empty where none was. comparisons: by arm."""
    by_clause: dict[str, list[str]] = {}
    for arm, comparison in comparisons.items():
        if comparison.clause:
            by_clause.setdefault(comparison.clause.removeprefix(", "), []).append(arm)
    if not by_clause:
        return ""
    arms = "" if len(comparisons) == 1 else " ({})"
    told = "; ".join(clause + arms.format(list_names(names, "arms")) for clause, names in by_clause.items())
    return f"{told[0].upper()}{told[1:]}: trials were stopped early, and what they would have reached is not known."


def _end_value(record: RunRecord, objective: Metric) -> float:
    value = record.valid.get(objective.name, math.nan)
    return value if record.status != "failed" and math.isfinite(value) else math.nan


def _curve(record: RunRecord, objective: Metric) -> dict[int, float]:
    """Epoch -> the objective, where it is a number."""
    name = f"valid/{objective.name}"
    found = {point.epoch: point.metrics.get(name, math.nan) for point in record.epochs}
    return {epoch: value for epoch, value in found.items() if math.isfinite(value)}


def _best_until(curve: Mapping[int, float], epoch: int, objective: Metric) -> float:
    values = [value for reached, value in curve.items() if reached <= epoch]
    return max(values) if objective.higher_is_better else min(values)
