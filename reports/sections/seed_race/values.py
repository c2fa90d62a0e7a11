"""A race over the confirm seeds, replayed from the records: what every look saw, and what was decided.

The replay depends on the scores alone, not on the order in which trials ended: whoever runs the study asks it which
arms race on, the report asks it how the claims came about, and both get the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.records.study_description import Contrast, StudyDescription
from reports.results.grain import rounding_of
from reports.results.metrics import Metric, find_metric
from reports.results.results import ResultsTable, RunState
from reports.statistics.estimate import Estimate
from reports.statistics.interim.racing import InterimLook, RaceRule, RaceState, interim_analysis
from reports.statistics.interim.sequential import allow_for_looks
from reports.statistics.rerun import SeedBlock, rerun_sum

Outcome = Literal["shown", "given up", "not shown", "open"]


@dataclass(frozen=True)
class InterimLookRow:
    """What one look saw of one contrast. num_seeds: confirm seeds of both arms; estimate: not allowing for looks."""

    num_seeds: int
    estimate: Estimate


@dataclass(frozen=True)
class RaceRow:
    """The race of one contrast.

    Attributes:
        contrast: the two arms.
        looks: the interim analyses, in order.
        outcome: ``shown`` (a difference, corrected over contrasts and analyses), ``given up`` (stopped for futility:
            too unlikely to become shown), ``not shown`` (after the last analysis), ``open`` (the study ended before it
            was decided).
        decided_at: seeds of both arms at the analysis that decided; None while open.
    """

    contrast: Contrast
    looks: tuple[InterimLookRow, ...]
    outcome: Outcome
    decided_at: int | None


@dataclass(frozen=True)
class RaceTable:
    """The race of a study, in the shown unit of its primary metric.

    Attributes:
        rule: when to analyse, and which difference matters.
        metric: the primary one.
        num_cells: cells that every seed is run on.
        num_looks: interim analyses so far.
        rows: one per declared contrast.
        num_runs: confirm runs that were made.
        num_possible: confirm runs that there would have been without racing.
    """

    rule: RaceRule
    metric: Metric
    num_cells: int
    num_looks: int
    rows: tuple[RaceRow, ...]
    num_runs: int
    num_possible: int

    @property
    def num_open(self) -> int:
        """Contrasts that are not decided."""
        return sum(row.outcome == "open" for row in self.rows)

    @property
    def racing_arms(self) -> frozenset[str]:
        """The arms that more runs may still tell something about."""
        return frozenset(arm for row in self.rows if row.outcome == "open" for arm in _arms_of(row.contrast))

    def allow_for_looks(self, first: str, second: str, estimate: Estimate, num_pairs: int) -> Estimate:
        """The rerun estimate of a declared contrast (either way round) as it may be claimed; of another pair, as it is.

        Args:
            first, second: the arms, by name.
            estimate: ``first`` minus ``second``, not allowing for interim analyses.
            num_pairs: pairs of runs behind ``estimate``. Where they are more than the last analysis had, because the
                study was cut short between two of them, the estimate is itself one more.
        """
        row = next((row for row in self.rows if {*_arms_of(row.contrast)} == {first, second}), None)
        if row is None or estimate.p_value is None or num_pairs == 0:
            return estimate
        fractions = [look.num_seeds / self.rule.looks[-1] for look in row.looks]
        p_values = [_p_of(look.estimate) for look in row.looks]
        fraction = min(num_pairs / self.num_cells / self.rule.looks[-1], 1.0)
        if not fractions or fraction > fractions[-1] + 1e-9:
            fractions, p_values = [*fractions, fraction], [*p_values, estimate.p_value]
        return allow_for_looks(estimate, p_values, fractions)


def plan_race(study: StudyDescription) -> RaceRule | None:
    """The rule of the study's race, in shown units; None if its seeds were not raced."""
    racing = study.confirm.get("racing")
    return None if racing is None else RaceRule(tuple(racing["looks"]), float(racing["smallest_effect"]))


def run_race(study: StudyDescription, results: ResultsTable) -> RaceTable | None:
    """Replay the race up to the first look that lacks a run; None if the study did not race its seeds."""
    rule = plan_race(study)
    if rule is None:
        return None
    metric = find_metric(study.primary)
    family = [contrast for contrast in study.contrasts if contrast.in_family]
    state = RaceState.at_start(len(family))
    looks: list[list[InterimLookRow]] = [[] for _ in family]
    decided: list[int | None] = [None] * len(family)
    num_looks = 0
    for number, num_seeds in enumerate(rule.looks):
        seen = [_look_at(study, results, metric, contrast, num_seeds) for contrast in family]
        waits = [here is None and races for here, races in zip(seen, state.is_racing, strict=True)]
        if any(waits) or not state.is_racing.any():
            break
        before, state = state, interim_analysis(rule, state, number, _as_arrays(seen))
        num_looks += 1
        for place, estimate in enumerate(seen):
            if estimate is not None:
                looks[place].append(InterimLookRow(num_seeds, estimate))
            is_news = (before.is_racing != state.is_racing) | (before.is_shown != state.is_shown)
            decided[place] = num_seeds if is_news[place] else decided[place]
    outcomes = [_outcome(state, place, decided[place] == rule.looks[-1]) for place in range(len(family))]
    columns = zip(family, map(tuple, looks), outcomes, decided, strict=True)
    rows = tuple(RaceRow(*row) for row in columns)
    num_cells = len(results.cells)
    num_runs = int((results.state >= RunState.COMPLETED).sum())
    return RaceTable(
        rule=rule,
        metric=metric,
        num_cells=num_cells,
        num_looks=num_looks,
        rows=rows,
        num_runs=num_runs,
        num_possible=len(study.arms) * num_cells * rule.looks[-1],
    )


def _outcome(state: RaceState, place: int, went_to_the_end: bool) -> Outcome:
    if state.is_shown[place]:
        return "shown"
    if state.is_racing[place]:
        return "open"
    return "not shown" if went_to_the_end else "given up"


def _look_at(
    study: StudyDescription, results: ResultsTable, metric: Metric, contrast: Contrast, num_seeds: int
) -> Estimate | None:
    """The difference over the first ``num_seeds`` seeds of both arms; None unless every run of them has ended."""
    scores = []
    for arm in _arms_of(contrast):
        places = [results.seeds.index(seed) for seed in _seeds_of(study, arm)[:num_seeds] if seed in results.seeds]
        state = results.state[results.arms.index(arm), places]
        if len(places) < num_seeds or not (state >= RunState.COMPLETED).all():
            return None
        taken = np.full(results.scores.shape[1:3], np.nan)
        taken[places] = results.of(arm, metric.name)[places] * metric.factor
        scores.append(taken)
    first, second = scores
    shares_seeds = bool((np.isfinite(first) & np.isfinite(second)).any())
    arms = _arms_of(contrast)
    rounding = [rounding_of(results, arm, metric.name) * metric.factor**2 for arm in arms]
    if shares_seeds:
        return rerun_sum([SeedBlock(first - second, rounding=rounding[0] + rounding[1])])
    sides = zip((first, -second), arms, rounding, strict=True)
    return rerun_sum([SeedBlock(values, 1.0, results.is_random(arm), grain) for values, arm, grain in sides])


def _seeds_of(study: StudyDescription, arm: str) -> tuple[int, ...]:
    """All confirm seeds that an arm may get, in order; those of a control are shifted."""
    seeds = [int(seed) for seed in study.confirm["seeds"]]
    offset = min((cell.seed for cell in study.planned if cell.arm == arm), default=seeds[0]) - seeds[0]
    return tuple(seed + offset for seed in seeds)


def _as_arrays(seen: Sequence[Estimate | None]) -> InterimLook:
    none = (np.nan, np.nan, np.nan)
    values = np.array([none if item is None else (_p_of(item), item.value, _std_error_of(item)) for item in seen])
    return InterimLook(*values.T.astype(np.float64))


def _p_of(estimate: Estimate) -> float:
    return np.nan if estimate.p_value is None else estimate.p_value


def _std_error_of(estimate: Estimate) -> float:
    return np.nan if estimate.std_error is None else estimate.std_error


def _arms_of(contrast: Contrast) -> tuple[str, str]:
    return contrast.first, contrast.second
