"""The hyperparameter section of a report, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.configurations import BestConfigurations
from reports.hyperparameters.equal_epochs import describe_comparisons
from reports.hyperparameters.history import SearchHistory, search_histories
from reports.hyperparameters.importance import Importance, ImportanceMethod, measure_importance
from reports.hyperparameters.optimism import Optimism, measure_optimism
from reports.hyperparameters.optimum import Plateau, measure_plateau
from reports.hyperparameters.sensitivity import Sensitivity, measure_sensitivity
from reports.record import RunRecord, StudyDescription
from reports.results import ResultsTable

NOT_ADAPTIVE = ("random", "grid")


@dataclass(frozen=True)
class Hyperparameters:
    """What the searches of a study say, one entry per arm that was searched for itself (``optimism``: per arm that has
    the runs). searcher, scheduler: as the study asked for; empty if nothing was searched.
    """

    searcher: str
    scheduler: str
    histories: tuple[SearchHistory, ...]
    importance: tuple[Importance, ...]
    sensitivity: tuple[Sensitivity, ...]
    plateaus: tuple[Plateau, ...]
    optimism: Optimism

    @property
    def is_adaptive(self) -> bool:
        """Whether the searcher chose trials by looking at earlier outcomes: what follows is then a lead only."""
        return self.searcher not in NOT_ADAPTIVE

    @property
    def comparison(self) -> str:
        """How trials that were stopped early are compared with the others; empty where none was."""
        return describe_comparisons({history.arm: history.comparison for history in self.histories})

    @property
    def has_ranges(self) -> bool:
        """Whether the searched ranges were recorded (studies of the first version lack them)."""
        return any(history.parameters or history.constant for history in self.histories)


def examine_hyperparameters(
    study: StudyDescription,
    results: ResultsTable,
    configurations: BestConfigurations,
    records: Sequence[RunRecord],
    methods: Sequence[ImportanceMethod] = (),
) -> Hyperparameters:
    """Importance, sensitivity, flatness and optimism. methods: how importance is measured; none: it is not."""
    histories = search_histories(study, records)
    return Hyperparameters(
        searcher=str(study.search.get("searcher", "")),
        scheduler=str(study.search.get("scheduler", "")),
        histories=histories,
        importance=measure_importance(histories, methods),
        sensitivity=tuple(measure_sensitivity(history) for history in histories),
        plateaus=tuple(measure_plateau(history, results) for history in histories),
        optimism=measure_optimism(study, results, configurations),
    )
