"""From records to a report, as values. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.details import ReadDetails, no_details
from reports.records.record import RunRecord, StudyDescription
from reports.report import ContrastRow, Report
from reports.results.arms_as_trained import as_trained
from reports.results.confirm_records import distinct_records
from reports.results.estimates import Questions
from reports.results.metrics import find_metric
from reports.results.results import ResultsTable
from reports.sections.ablation.answer import compose_answer
from reports.sections.ablation.arms import compare_models, tabulate_ablation
from reports.sections.ablation.contrasts import tabulate_contrasts
from reports.sections.ablation.median_comparison import stand_by_median
from reports.sections.attribution.values import attribute
from reports.sections.hyperparameters.configurations import best_configurations
from reports.sections.hyperparameters.importance import ImportanceMethod
from reports.sections.hyperparameters.values import examine_hyperparameters
from reports.sections.model_inside.edges import edge_graphs
from reports.sections.model_inside.feature_maps import feature_maps
from reports.sections.model_inside.learning_curves import learning_curves
from reports.sections.paper_tables.values import paper_tables
from reports.sections.pareto.values import tabulate_fronts
from reports.sections.power.values import Compared, examine_detection
from reports.sections.run_log.cost import tabulate_cost
from reports.sections.run_log.failures import tabulate_failures
from reports.sections.run_log.provenance import describe_provenance
from reports.sections.run_log.test_set_use import scored_configurations
from reports.sections.seed_race.values import run_race
from reports.sections.tuning.values import account_budget
from reports.sections.warnings.values import collect_cautions


def analyse(
    study: StudyDescription,
    records: Sequence[RunRecord],
    read_details: ReadDetails = no_details,
    importance_methods: Sequence[ImportanceMethod] = (),
) -> Report:
    """Everything a report says about a study. The order of ``records`` does not matter.

    read_details: gives what a trial shows of every item, for the sections that look inside a model.
    importance_methods: how the importance of hyperparameters is measured; none: it is not.

    Means are over folds first: a run scores on its fold, a cell is the mean over its seeds, an arm the mean over its
    cells. Raises ValueError where records contradict each other, or a metric or a contrast's arm is unknown.
    """
    records = distinct_records(records)
    names = (study.primary, *(name for name in study.metrics if name != study.primary))
    metrics = tuple(find_metric(name) for name in names)
    if study.primary not in study.metrics:
        raise ValueError(f"the primary metric {study.primary!r} is not among the study's metrics: {study.metrics}")
    results = ResultsTable.from_records(study, records)
    study = as_trained(study, results)
    questions = Questions.about(results)
    ablation = tabulate_ablation(questions, study, metrics)
    race = run_race(study, results)
    standings = stand_by_median(questions, study, metrics[0])
    contrasts = tabulate_contrasts(questions, study, metrics, race, standings)
    models = compare_models(questions, study, metrics, race)
    configurations = best_configurations(study, results, records)
    hyperparameters = examine_hyperparameters(study, results, configurations, records, importance_methods)
    budget = account_budget(study, hyperparameters.histories, records)
    return Report(
        study=study,
        results=results,
        metrics=metrics,
        answer=compose_answer(study, results, contrasts, models, standings, metrics[0]),
        ablation=ablation,
        contrasts=contrasts,
        detection=examine_detection(study, questions, [_compared(row) for row in contrasts.rows], records),
        attribution=attribute(questions, study, metrics),
        race=race,
        pareto=tabulate_fronts(study, records),
        models=models,
        paper=paper_tables(study, questions, read_details),
        configurations=configurations,
        hyperparameters=hyperparameters,
        budget=budget,
        learning=learning_curves(study, results),
        edges=edge_graphs(study, results, read_details),
        features=feature_maps(study, results, read_details),
        scored=scored_configurations(records),
        failures=tabulate_failures(study, results, records),
        cost=tabulate_cost(study, records),
        warnings=collect_cautions(study, questions, budget, ablation, models, standings, metrics[0], race),
        provenance=describe_provenance(study, results, metrics),
    )


def _compared(row: ContrastRow) -> Compared:
    return Compared(row.contrast, row.answers_by_metric, has_verdict=row.verdict.kind != "no verdict")
