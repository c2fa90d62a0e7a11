"""Seed races: group-sequential confirmation that adds seeds to the arms which a declared contrast still needs.

An interim analysis runs when every racing arm has ended its trials up to it, so its decision depends on the scores
alone and not on the order in which trials ended. The price: free slots of a cluster may idle for the length of a trial
before an analysis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from orchestration.search.seed_budget import SeedDecision
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.tabulate import tabulate_results
from reports.sections.seed_race.values import plan_race, run_race

Judge = Callable[[Sequence[RunRecord]], frozenset[str]]
"""All confirm records so far -> the arms that race on. Names only: no score leaves it."""


class SeedRace:
    """The seed budget of a race.

    Args:
        looks: seeds per arm at each interim analysis, rising.
        arms: names of all arms.
        racing: names of the arms of declared contrasts.
        num_cells: trials of one arm under one seed.
        judge: decides which arms race on.
    """

    def __init__(self, looks: Sequence[int], arms: Iterable[str], racing: Iterable[str], num_cells: int, judge: Judge):
        self._looks = tuple(looks)
        self._num_cells = num_cells
        self._judge = judge
        self._number = 0
        self._num_seeds = dict.fromkeys(arms, self._looks[0])
        self._racing = frozenset(racing)
        self._ended: Counter[str] = Counter()
        self._records: list[RunRecord] = []
        self._cells: set[tuple[int, int | None]] = set()

    def decide(self, arm: str, seed_index: int) -> SeedDecision:
        if seed_index < self._num_seeds[arm]:
            return "continue"
        return "wait" if arm in self._racing else "stop"

    def tell(self, record: RunRecord) -> None:
        # Of the predictions an interim analysis needs the items of a fold only: one record holds them.
        cell = record.repeat, record.fold
        predictions = None if cell in self._cells else record.predictions
        self._cells |= {cell} if predictions is not None else set()
        self._records.append(replace(record, epochs=(), predictions=predictions))
        self._ended[record.arm] += 1
        if self._racing and all(self._ended[arm] == self._num_seeds[arm] * self._num_cells for arm in self._racing):
            self._run_interim_analysis()

    def _run_interim_analysis(self) -> None:
        self._number += 1
        is_last = self._number == len(self._looks)
        self._racing = frozenset() if is_last else self._racing & self._judge(self._records)
        for arm in self._racing:
            self._num_seeds[arm] = self._looks[self._number]


def make_seed_race(study: StudyDescription, num_cells: int) -> SeedRace:
    """The race of a study that races its seeds. Raises ValueError for one that does not."""
    rule = plan_race(study)
    if rule is None:
        raise ValueError(f"study {study.study} has a fixed number of confirm seeds; give every arm all of them")

    def judge(records: Sequence[RunRecord]) -> frozenset[str]:
        race = run_race(study, tabulate_results(study, records))
        assert race is not None
        return race.racing_arms

    family = [contrast for contrast in study.contrasts if contrast.in_family]
    contrasted = {arm for contrast in family for arm in (contrast.first, contrast.second)}
    arms = (arm.name for arm in study.arms)
    return SeedRace(rule.looks, arms, racing=contrasted, num_cells=num_cells, judge=judge)
