"""From records to a report, as values. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.details import ReadDetails, no_details
from reports.records.record import RunRecord, StudyDescription
from reports.report import Report
from reports.results.arms_as_trained import as_trained
from reports.results.confirm_records import distinct_records, superseded_records
from reports.results.current_choice import ChoiceRule
from reports.results.estimates import Compared, Estimator
from reports.results.highlighted_arms import highlight_arms
from reports.results.metrics import Metric, find_metric
from reports.results.results import ResultsTable
from reports.sections.ablation.answer import compose_answer
from reports.sections.ablation.arms import compare_models, tabulate_ablation
from reports.sections.ablation.constant_comparison import compare_with_constant
from reports.sections.ablation.contrasts import tabulate_contrasts
from reports.sections.ablation.section import AblationSection, AnswerSection, ContrastsSection, MethodsSection
from reports.sections.ablation.values import ContrastRow, MeasuredArms
from reports.sections.attribution.section import AttributionSection
from reports.sections.attribution.values import attribute
from reports.sections.classes.confusion import confusions
from reports.sections.classes.section import ClassesSection, QuestionsSection
from reports.sections.hyperparameters.configurations import best_configurations
from reports.sections.hyperparameters.importance import ImportanceMethod
from reports.sections.hyperparameters.section import HyperparametersSection
from reports.sections.hyperparameters.values import examine_hyperparameters
from reports.sections.main_table.section import MainTableSection
from reports.sections.main_table.values import tabulate_main
from reports.sections.missing.section import MissingSection
from reports.sections.missing.values import tabulate_missing
from reports.sections.model_inside.edges import edge_graphs
from reports.sections.model_inside.feature_maps import feature_maps
from reports.sections.model_inside.learning_curves import learning_curves
from reports.sections.model_inside.section import ModelInsideSection, TrainingSection
from reports.sections.paper_tables.section import PaperTablesSection
from reports.sections.paper_tables.values import paper_tables
from reports.sections.pareto.section import ParetoSection
from reports.sections.pareto.values import tabulate_fronts
from reports.sections.power.section import PowerSection
from reports.sections.power.values import examine_detection
from reports.sections.run_log.cost import tabulate_cost
from reports.sections.run_log.failures import tabulate_failures
from reports.sections.run_log.provenance import describe_provenance
from reports.sections.run_log.section import (
    ArmsAsBuiltSection,
    CostSection,
    ExtentSection,
    FailuresSection,
    ProvenanceSection,
    RunAgainSection,
)
from reports.sections.run_log.test_set_use import scored_configurations
from reports.sections.run_log.trials import trial_table
from reports.sections.seed_race.section import SeedRaceSection
from reports.sections.seed_race.values import run_race
from reports.sections.tuning.section import TuningSection
from reports.sections.tuning.values import account_budget
from reports.sections.warnings.section import WarningsSection
from reports.sections.warnings.values import collect_warnings


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
    metrics = _metrics_of(study)
    primary = metrics[0]
    results = ResultsTable.from_records(study, records)
    study = as_trained(study, results)
    estimator = Estimator.from_results(results)
    race = run_race(study, results)
    comparisons = compare_with_constant(estimator, study, primary)
    arms = MeasuredArms(tabulate_ablation(estimator, study, metrics), compare_models(estimator, study, metrics, race))
    contrasts = tabulate_contrasts(estimator, study, metrics, race, comparisons)
    compared = tuple(map(_compared, contrasts.rows))
    answer = compose_answer(study, results, contrasts, arms.models, comparisons, primary)
    highlighted = highlight_arms(
        study, primary, {name: row.measured[primary.name].estimates for name, row in arms.by_name.items()}
    )
    configurations = best_configurations(study, results, records)
    searches = examine_hyperparameters(study, results, configurations, records, importance_methods)
    budget = account_budget(study, searches.histories, records)
    warnings = collect_warnings(
        study, estimator, budget, tuple(arms.by_name.values()), comparisons, primary, race, records
    )
    failures = tabulate_failures(study, results, records)
    provenance = describe_provenance(study, results, metrics)
    is_official, groups_are = results.is_official, study.groups_are
    sections = (
        AnswerSection(answer, arms, contrasts, study, results, primary),
        WarningsSection(warnings),
        ExtentSection(
            study,
            results,
            metrics,
            highlighted.selection,
            has_searches=bool(budget.searches),
            most_seeds=None if race is None else race.rule.looks[-1],
            num_superseded=len(superseded_records(records, ChoiceRule.of(study))),
        ),
        MainTableSection(tabulate_main(study, results, arms, contrasts, metrics), study, results),
        AblationSection(arms, metrics, highlighted, study, results),
        ClassesSection(tuple(arms.by_name.values()), confusions(study, results), highlighted, study, results),
        QuestionsSection(tuple(arms.by_name.values()), study, results),
        ContrastsSection(contrasts, metrics, study, results),
        SeedRaceSection(race, compared),
        PowerSection(
            examine_detection(study, estimator, compared, records), primary, groups_are, not results.why_not_new
        ),
        AttributionSection(attribute(estimator, study, metrics), metrics, study, results),
        MethodsSection(arms.models, primary, study, results),
        MissingSection(tabulate_missing(study, results, metrics), highlighted),
        PaperTablesSection(paper_tables(study, estimator, read_details), study),
        TrainingSection(learning_curves(study, results), highlighted, study, is_official),
        HyperparametersSection(searches, configurations, highlighted, study, results),
        ParetoSection(tabulate_fronts(study, records), len(results.cells)),
        TuningSection(budget, searches.optimism.objective, study, results),
        ModelInsideSection(
            edge_graphs(study, results, read_details),
            feature_maps(study, results, read_details),
            study.baseline,
            groups_are,
            is_official,
        ),
        FailuresSection(failures),
        CostSection(tabulate_cost(study, records), study, len(failures.missing)),
        ArmsAsBuiltSection(study),
        ProvenanceSection(provenance, tuple(arms.ablation.components), metrics, trial_table(study, records)),
        RunAgainSection(provenance, study, searches.is_adaptive),
    )
    return Report(study, results, metrics, answer, arms.by_name, scored_configurations(records), sections)


def _metrics_of(study: StudyDescription) -> tuple[Metric, ...]:
    """The study's metrics, the primary one first."""
    names = (study.primary, *(name for name in study.metrics if name != study.primary))
    metrics = tuple(find_metric(name) for name in names)
    if study.primary not in study.metrics:
        raise ValueError(f"the primary metric {study.primary!r} is not among the study's metrics: {study.metrics}")
    return metrics


def _compared(row: ContrastRow) -> Compared:
    return Compared(row.contrast, row.estimates_by_metric, has_verdict=row.verdict.kind != "no verdict")
