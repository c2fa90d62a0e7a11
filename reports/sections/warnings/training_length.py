"""Arms whose training was ended by its limit of epochs and not by early stopping: they may have had further to go."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, StudyDescription
from reports.statistics.chance import at_least
from reports.statistics.verdict import LEVEL
from reports.text.listing import list_names

LAST_SHARE = 0.1
"""Of the epochs: a run without a trend left has its best epoch in the last tenth one time in ten."""


@dataclass(frozen=True)
class TrainingLength:
    """How the completed confirm runs of one arm ended.

    Attributes:
        label: of the arm.
        max_epochs, patience: its settings.
        num_runs: completed ones.
        num_late: runs that trained all epochs and were at their best in the last tenth of them.
    """

    label: str
    max_epochs: int
    patience: int
    num_runs: int
    num_late: int

    @property
    def still_improves(self) -> bool:
        """Whether at least half of the runs were at their best at the end, and more than chance makes of none."""
        first_late = _first_late(self.max_epochs)
        chance = (self.max_epochs - first_late + 1) / self.max_epochs
        return 2 * self.num_late >= self.num_runs and at_least(self.num_late, self.num_runs, chance) <= LEVEL

    @property
    def cannot_stop_early(self) -> bool:
        """Whether patience is used up at the last epoch at the earliest: the first epoch is always the best so far."""
        return self.patience + 1 >= self.max_epochs


def capped_training(study: StudyDescription, records: Sequence[RunRecord]) -> list[str]:
    """A sentence on the arms that were still improving, and one on those that early stopping cannot end."""
    lengths = _training_lengths(study, records)
    improving = [
        f"{found.label} ({found.num_late} of {found.num_runs} runs, `max_epochs` {found.max_epochs})"
        for found in lengths
        if found.still_improves
    ]
    alike: dict[str, list[str]] = defaultdict(list)
    for found in lengths:
        if found.cannot_stop_early:
            alike[f"(`patience` {found.patience}, `max_epochs` {found.max_epochs})"].append(found.label)
    unstopped = [f"{list_names(labels, 'arms')} {settings}" for settings, labels in alike.items()]
    sentences = []
    if improving:
        sentences.append(
            "Training ended at its limit of epochs while it still improved, with the best epoch in the last tenth: "
            f"{list_names(improving, 'arms')}. A greater `max_epochs` may change these numbers, and who is ahead."
        )
    if unstopped:
        sentences.append(
            "Early stopping could end no run, as the first epoch and `patience` more reach `max_epochs`: "
            f"{'; '.join(unstopped)}. Every run trained to its limit; its best epoch on validation was kept."
        )
    return sentences


def _training_lengths(study: StudyDescription, records: Sequence[RunRecord]) -> list[TrainingLength]:
    runs: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.stage == "confirm" and record.status == "completed" and record.best_epoch is not None:
            runs[record.arm].append(record)
    found = (_training_length(arm, runs[arm.name]) for arm in study.arms if arm.has_gradients and runs[arm.name])
    return [length for length in found if length is not None]


def _training_length(arm: ArmDescription, runs: Sequence[RunRecord]) -> TrainingLength | None:
    """None where its settings were not recorded, or a search chose the limit itself."""
    limits = {(_setting(arm, run, "max_epochs"), _setting(arm, run, "patience")) for run in runs}
    if len(limits) != 1:
        return None
    ((max_epochs, patience),) = limits
    if max_epochs < 1 or patience < 1:
        return None
    first_late = _first_late(max_epochs)
    late = sum(run.num_epochs >= max_epochs and (run.best_epoch or 0) >= first_late for run in runs)
    return TrainingLength(label=arm.label, max_epochs=max_epochs, patience=patience, num_runs=len(runs), num_late=late)


def _setting(arm: ArmDescription, run: RunRecord, name: str) -> int:
    """0 where it was not recorded."""
    value = run.settings.get(name, arm.settings.get(name))
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _first_late(max_epochs: int) -> int:
    """The first epoch of the last tenth, which is the last epoch at least."""
    return max_epochs - max(math.floor(LAST_SHARE * max_epochs), 1) + 1
