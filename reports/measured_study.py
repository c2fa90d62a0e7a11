"""What the sections of a report share, measured once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.results.arms_as_trained import as_trained
from reports.results.confirm_records import distinct_records
from reports.results.estimates import Compared, Estimator
from reports.results.highlighted_arms import HighlightedArms, highlight_arms
from reports.results.metrics import Metric, find_metric
from reports.results.results import ResultsTable
from reports.results.tabulate import tabulate_results
from reports.sections.ablation.arms import compare_models, tabulate_ablation
from reports.sections.ablation.constant_comparison import ConstantComparison, compare_with_constant
from reports.sections.ablation.contrasts import tabulate_contrasts
from reports.sections.ablation.values import ArmRow, ContrastRow, ContrastTable, MeasuredArms
from reports.sections.hyperparameters.configurations import BestConfigurations, best_configurations
from reports.sections.hyperparameters.importance_method import ImportanceMethod
from reports.sections.hyperparameters.values import Hyperparameters, examine_hyperparameters
from reports.sections.seed_race.values import RaceTable, run_race
from reports.sections.tuning.values import Budget, account_budget


@dataclass(frozen=True)
class MeasuredStudy:
    """What several sections share, computed once.

    Attributes:
        study: its arms described as they were trained.
        records: of both stages, each once.
        results, estimator: the scores, and what estimates them.
        metrics: the primary one first.
        race: of seeds; None where none were raced.
        comparisons: arm -> how it compares with the constant predictor.
        arms, contrasts: as measured.
        highlighted: the arms that are shown in detail.
        configurations, searches, budget: what the searches chose, say and used.
    """

    study: StudyDescription
    records: Sequence[RunRecord]
    results: ResultsTable
    estimator: Estimator
    metrics: tuple[Metric, ...]
    race: RaceTable | None
    comparisons: Mapping[str, ConstantComparison]
    arms: MeasuredArms
    contrasts: ContrastTable
    highlighted: HighlightedArms
    configurations: BestConfigurations
    searches: Hyperparameters
    budget: Budget

    @property
    def primary(self) -> Metric:
        return self.metrics[0]

    @property
    def rows(self) -> tuple[ArmRow, ...]:
        """Each arm once."""
        return tuple(self.arms.by_name.values())

    @property
    def compared(self) -> tuple[Compared, ...]:
        """The declared contrasts, for what asks how sure they are."""
        return tuple(map(_compared, self.contrasts.rows))


def measure_study(
    study: StudyDescription, records: Sequence[RunRecord], importance_methods: Sequence[ImportanceMethod]
) -> MeasuredStudy:
    """What the sections of a report share. The order of ``records`` does not matter.

    Args:
        study: as it was planned.
        records: of both stages.
        importance_methods: how the importance of hyperparameters is measured; none: it is not.

    Raises:
        ValueError: records contradict each other, or a metric or a contrast's arm is unknown.
    """
    records = distinct_records(records)
    metrics = _metrics_of(study)
    primary = metrics[0]
    results = tabulate_results(study, records)
    study = as_trained(study, results)
    estimator = Estimator.from_results(results)
    race = run_race(study, results)
    comparisons = compare_with_constant(estimator, study, primary)
    arms = MeasuredArms(tabulate_ablation(estimator, study, metrics), compare_models(estimator, study, metrics, race))
    configurations = best_configurations(study, results, records)
    searches = examine_hyperparameters(study, results, configurations, records, importance_methods)
    return MeasuredStudy(
        study=study,
        records=records,
        results=results,
        estimator=estimator,
        metrics=metrics,
        race=race,
        comparisons=comparisons,
        arms=arms,
        contrasts=tabulate_contrasts(estimator, study, metrics, race, comparisons),
        highlighted=highlight_arms(
            study, primary, {name: row.measured[primary.name].estimates for name, row in arms.by_name.items()}
        ),
        configurations=configurations,
        searches=searches,
        budget=account_budget(study, searches.histories, records),
    )


def _metrics_of(study: StudyDescription) -> tuple[Metric, ...]:
    """The study's metrics, the primary one first."""
    names = (study.primary, *(name for name in study.metrics if name != study.primary))
    metrics = tuple(find_metric(name) for name in names)
    if study.primary not in study.metrics:
        raise ValueError(f"the primary metric {study.primary!r} is not among the study's metrics: {study.metrics}")
    return metrics


def _compared(row: ContrastRow) -> Compared:
    return Compared(row.contrast, row.estimates_by_metric, has_verdict=row.verdict.kind != "no verdict")
