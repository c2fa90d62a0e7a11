"""The hyperparameter section of a report, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.results import ResultsTable
from reports.sections.hyperparameters.configurations import BestConfigurations
from reports.sections.hyperparameters.edges import Edge, find_edges
from reports.sections.hyperparameters.equal_epochs import describe_comparisons
from reports.sections.hyperparameters.history import SearchHistory, search_histories
from reports.sections.hyperparameters.importance import Importance, measure_importance
from reports.sections.hyperparameters.importance_method import ImportanceMethod
from reports.sections.hyperparameters.optimism import Optimism, measure_optimism
from reports.sections.hyperparameters.optimum import Plateau, measure_plateau
from reports.sections.hyperparameters.sensitivity import Sensitivity, measure_sensitivity

NOT_ADAPTIVE = ("random", "grid")


@dataclass(frozen=True)
class Hyperparameters:
    """What the searches of a study say.

    Attributes:
        searcher, scheduler: as the study asked for; empty if nothing was searched.
        histories, importance, sensitivity, plateaus: one entry per arm that was searched for itself.
        optimism: of every arm that has the runs.
        edges: best values at an end of their range.
        not_asked: names of methods of importance that these trials, not drawn at random, would have misled.
    """

    searcher: str
    scheduler: str
    histories: tuple[SearchHistory, ...]
    importance: tuple[Importance, ...]
    sensitivity: tuple[Sensitivity, ...]
    plateaus: tuple[Plateau, ...]
    optimism: Optimism
    edges: tuple[Edge, ...] = ()
    not_asked: tuple[str, ...] = ()

    @property
    def is_adaptive(self) -> bool:
        """Whether the searcher chose trials by looking at earlier outcomes: what follows is then a lead only."""
        return self.searcher not in NOT_ADAPTIVE

    @property
    def asked(self) -> tuple[ImportanceMethod, ...]:
        """The methods of importance that have an answer for any arm."""
        return next((tuple(m.method for m in found.methods) for found in self.importance if found.methods), ())

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
    """Importance, sensitivity, flatness and optimism.

    Args:
        study, results: what was planned, and the scores.
        configurations: the confirmed ones.
        records: of both stages, in any order.
        methods: how importance is measured; none: it is not.
    """
    histories = search_histories(study, records)
    are_draws = study.search.get("searcher") == "random" and not study.search.get("starting_points")
    sensitivity = tuple(measure_sensitivity(history) for history in histories)
    is_grid = study.search.get("searcher") == "grid"
    trends = zip(histories, sensitivity, strict=True)
    asked = [method for method in methods if are_draws or not method.needs_draws]
    return Hyperparameters(
        searcher=str(study.search.get("searcher", "")),
        scheduler=str(study.search.get("scheduler", "")),
        histories=histories,
        importance=measure_importance(histories, asked),
        sensitivity=sensitivity,
        plateaus=tuple(measure_plateau(history, results) for history in histories),
        optimism=measure_optimism(study, results, configurations),
        edges=tuple(edge for history, found in trends for edge in find_edges(history, found, is_grid)),
        not_asked=tuple(method.name for method in methods if method not in asked),
    )
