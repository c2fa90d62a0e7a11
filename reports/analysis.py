"""From records to a report, as values. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence

from reports.answer import compose_answer
from reports.arm_rows import compare_models, tabulate_ablation
from reports.as_trained import as_trained
from reports.attribution import attribute
from reports.budget import account_budget
from reports.cautions import collect_cautions
from reports.configurations import best_configurations
from reports.confirmed import distinct_records
from reports.contrast_rows import tabulate_contrasts
from reports.cost import tabulate_cost
from reports.details import ReadDetails, no_details
from reports.detection import Compared, examine_detection
from reports.edges import edge_graphs
from reports.failures import tabulate_failures
from reports.feature_maps import feature_maps
from reports.hyperparameters.importance import ImportanceMethod
from reports.hyperparameters.section import examine_hyperparameters
from reports.learning_curves import learning_curves
from reports.metrics import find_metric
from reports.paper.section import paper_tables
from reports.pareto import tabulate_fronts
from reports.provenance import describe_provenance
from reports.questions import Questions
from reports.race import run_race
from reports.record import RunRecord, StudyDescription
from reports.report import ContrastRow, Report
from reports.results import ResultsTable
from reports.scored import scored_configurations
from reports.standing import stand_by_median


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
