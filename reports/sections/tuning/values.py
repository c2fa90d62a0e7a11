"""What tuning cost each arm, and what it bought."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.fold_cell import FoldCell, cell_of
from reports.sections.hyperparameters.history import SearchHistory
from reports.sections.tuning.curves import TuningCurve, draw_tuning_curves
from reports.text.listing import list_numbers

UNEQUAL_EPOCHS = 1.5
"""Arms whose tuning differs in epochs by more than this factor had unequal budgets, whatever the number of trials."""


@dataclass(frozen=True)
class SearchBudget:
    """What one search used.

    Attributes:
        arm, cell: where the search was.
        completed, pruned, failed: trials by how they ended.
        epochs: of all trials.
        device_s: seconds that the trials held their device, summed.
        lost: those of the failed trials that failed because of what they ran on.
    """

    arm: str
    cell: FoldCell
    completed: int
    pruned: int
    failed: int
    epochs: int
    device_s: float
    lost: int = 0

    @property
    def num_trials(self) -> int:
        """Trials, however they ended."""
        return self.completed + self.pruned + self.failed


@dataclass(frozen=True)
class Budget:
    """What the searches of a study used.

    Attributes:
        planned: trials of one search as the study asked for; None if not recorded.
        searches: by arm and cell.
        curves: one per arm that was searched for itself.
        memory: the trials that proposals went by, in words, where these were not all; empty where they were.
        searcher: as the study asked for; empty if nothing was searched.
        stopping: how trials were stopped early, in words; empty where they were not, or where that was not recorded.
    """

    planned: int | None
    searches: tuple[SearchBudget, ...]
    curves: tuple[TuningCurve, ...]
    memory: str = ""
    searcher: str = ""
    stopping: str = ""

    @property
    def num_failed(self) -> int:
        """Proposals that failed by their configuration."""
        return sum(search.failed - search.lost for search in self.searches)

    @property
    def num_lost(self) -> int:
        """Proposals that failed because of what they ran on."""
        return sum(search.lost for search in self.searches)

    @property
    def num_trials(self) -> int:
        """Proposals of all searches, however they ended."""
        return sum(search.num_trials for search in self.searches)

    def by_arm(self) -> dict[str, tuple[SearchBudget, ...]]:
        """The searches of every arm that was searched for itself, in the order of arms."""
        arms = dict.fromkeys(search.arm for search in self.searches)
        return {arm: tuple(search for search in self.searches if search.arm == arm) for arm in arms}


def account_budget(study: StudyDescription, histories: Sequence[SearchHistory], records: Sequence[RunRecord]) -> Budget:
    """The tuning budget of every arm that was searched for itself.

    Args:
        study: what was planned.
        histories: of these arms, in the order of arms.
        records: of both stages, in any order.
    """
    order = {arm.name: place for place, arm in enumerate(study.arms)}
    by_search: dict[tuple[int, FoldCell], list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.stage == "search" and record.arm in order:
            by_search[order[record.arm], cell_of(record.repeat, record.fold)].append(record)
    searches = tuple(_account(cell, runs) for (_, cell), runs in sorted(by_search.items(), key=lambda item: item[0]))
    planned = study.search.get("trials")
    curves = draw_tuning_curves(histories, study.search)
    memory = str(study.search.get("memory", ""))
    searcher = str(study.search.get("searcher", ""))
    stopping = str(study.search.get("stopping", ""))
    return Budget(
        planned=None if planned is None else int(planned),
        searches=searches,
        curves=curves,
        memory=memory,
        searcher=searcher,
        stopping=stopping,
    )


def _account(cell: FoldCell, runs: Sequence[RunRecord]) -> SearchBudget:
    ended = Counter(run.status for run in runs)
    epochs = sum(run.num_epochs for run in runs)
    # fsum is exact: the total does not depend on the order of the records.
    device_s = math.fsum(run.device_s for run in runs)
    lost = sum(run.is_lost for run in runs)
    return SearchBudget(
        arm=runs[0].arm,
        cell=cell,
        completed=ended["completed"],
        pruned=ended["pruned"],
        failed=ended["failed"],
        epochs=epochs,
        device_s=device_s,
        lost=lost,
    )


def unequal_budgets(budget: Budget) -> tuple[str, ...]:
    """A sentence for every way in which the searched arms were not tuned alike; empty where they were."""
    by_arm = budget.by_arm()
    trials = {arm: sum(search.num_trials for search in searches) / len(searches) for arm, searches in by_arm.items()}
    epochs = {arm: sum(search.epochs for search in searches) / len(searches) for arm, searches in by_arm.items()}
    sentences = []
    if len(set(trials.values())) > 1:
        told = list_numbers(trials, 4)
        sentences.append(f"Unequal tuning budgets (search trials per cell): {told}. More trials find a better best.")
    if epochs and max(epochs.values()) > UNEQUAL_EPOCHS * max(min(epochs.values()), 1):
        told = list_numbers(epochs, 3)
        sentences.append(f"Tuning took the arms unequally many epochs (per search): {told}.")
    if budget.planned is not None:
        short = [arm for arm, number in trials.items() if number < budget.planned]
        if short:
            few = list_numbers({arm: trials[arm] for arm in short}, 4)
            sentences.append(
                f"Fewer search trials than the {budget.planned} asked for per cell ({few}): the search was cut short, "
                "or had tried everything."
            )
    return tuple(sentences)
