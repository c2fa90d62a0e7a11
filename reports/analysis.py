"""From records to a report, as values: its sections, in the order of reading. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence

from reports.in_turn import MapItems, in_turn
from reports.measured_study import MeasuredStudy, measure_study
from reports.records.details import ReadDetails, no_details
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.report import Report
from reports.results.confirm_records import superseded_records
from reports.results.current_choice import ChoiceRule
from reports.sections.ablation.answer import compose_answer
from reports.sections.ablation.overturned import changed_verdicts
from reports.sections.ablation.section import (
    AblationSection,
    AnswerSection,
    ContrastsSection,
    ForestSection,
    MethodsSection,
)
from reports.sections.asked.section import AskedSection
from reports.sections.attribution.section import AttributionSection
from reports.sections.attribution.values import attribute
from reports.sections.classes.confusion import confusions
from reports.sections.classes.section import ClassesSection, QuestionsSection
from reports.sections.hyperparameters.importance_method import ImportanceMethod
from reports.sections.hyperparameters.section import HyperparametersSection
from reports.sections.left_out.section import LeftOutSection
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
from reports.sections.section import Section
from reports.sections.seed_race.section import SeedRaceSection
from reports.sections.tuning.section import TuningSection
from reports.sections.warnings.section import WarningsSection
from reports.sections.warnings.values import collect_warnings


def analyse(
    study: StudyDescription,
    records: Sequence[RunRecord],
    read_details: ReadDetails = no_details,
    importance_methods: Sequence[ImportanceMethod] = (),
    map_items: MapItems = in_turn,
) -> Report:
    """Everything a report says about a study. The order of ``records`` does not matter.

    Means are over folds first: a run scores on its fold, a cell is the mean over its seeds, an arm the mean over its
    cells.

    Args:
        study: as it was planned.
        records: of both stages.
        read_details: gives what a trial shows of every item, for the sections that look inside a model.
        importance_methods: how the importance of hyperparameters is measured; none: it is not.
        map_items: goes through what takes long and falls into parts.

    Raises:
        ValueError: records contradict each other, or a metric or a contrast's arm is unknown.
    """
    held = measure_study(study, records, importance_methods)
    answer = compose_answer(
        study=held.study,
        results=held.results,
        contrasts=held.contrasts,
        arms=held.arms,
        comparisons=held.comparisons,
        metric=held.primary,
        num_failed_search=held.budget.num_failed,
        changes=changed_verdicts(held.study, held.records, held.contrasts.rows, held.primary),
    )
    sections = (*_first_sections(held, answer), *_further_sections(held, read_details, map_items))
    left_out = tuple(item for section in sections for item in section.left_out())
    return Report(
        study=held.study,
        results=held.results,
        metrics=held.metrics,
        answer=answer,
        arms=held.arms.by_name,
        scored=scored_configurations(held.records),
        sections=(*sections, LeftOutSection(left_out)),
    )


def _first_sections(held: MeasuredStudy, answer: tuple[str, ...]) -> tuple[Section, ...]:
    """What every reader reads: what was asked, the answer, the table, the differences, the cautions."""
    study, results, arms, contrasts = held.study, held.results, held.arms, held.contrasts
    warnings = collect_warnings(
        study=study,
        estimator=held.estimator,
        budget=held.budget,
        rows=held.rows,
        comparisons=held.comparisons,
        metric=held.primary,
        race=held.race,
        records=held.records,
        edges=held.searches.edges,
    )
    return (
        AskedSection(study, results, held.primary),
        AnswerSection(answer),
        MainTableSection(tabulate_main(study, results, arms, contrasts, held.metrics), study, results),
        ForestSection(arms=arms, contrasts=contrasts, study=study, results=results, metric=held.primary),
        WarningsSection(warnings),
    )


def _further_sections(held: MeasuredStudy, read_details: ReadDetails, map_items: MapItems) -> tuple[Section, ...]:
    """What stands behind it: numbers first, then what models and searches show, then how the study went."""
    return (
        *_number_sections(held, read_details),
        *_training_sections(held, read_details, map_items),
        *_log_sections(held),
    )


def _number_sections(held: MeasuredStudy, read_details: ReadDetails) -> tuple[Section, ...]:
    study, results, metrics, highlighted = held.study, held.results, held.metrics, held.highlighted
    detection = examine_detection(study, held.estimator, held.compared, held.records)
    return (
        AblationSection(arms=held.arms, metrics=metrics, highlighted=highlighted, study=study, results=results),
        ClassesSection(
            arms=held.rows, confusions=confusions(study, results), highlighted=highlighted, study=study, results=results
        ),
        QuestionsSection(held.rows, study, results),
        ContrastsSection(held.contrasts, metrics, study, results),
        SeedRaceSection(held.race, held.compared),
        PowerSection(detection, held.primary, study.groups_are, not results.why_not_new),
        AttributionSection(attribute(held.estimator, study, metrics), metrics, study, results),
        MethodsSection(held.arms.models, held.primary, study, results),
        MissingSection(tabulate_missing(study, results, metrics), highlighted),
        PaperTablesSection(paper_tables(study, held.estimator, read_details), study),
    )


def _training_sections(held: MeasuredStudy, read_details: ReadDetails, map_items: MapItems) -> tuple[Section, ...]:
    study, results, highlighted, searches = held.study, held.results, held.highlighted, held.searches
    edges, maps = edge_graphs(study, results, read_details), feature_maps(study, results, read_details, map_items)
    return (
        TrainingSection(learning_curves(study, results), highlighted, study, results.is_official),
        HyperparametersSection(
            values=searches, configurations=held.configurations, highlighted=highlighted, study=study, results=results
        ),
        ParetoSection(tabulate_fronts(study, held.records), len(results.cells)),
        TuningSection(held.budget, searches.optimism.objective, study, results),
        ModelInsideSection(
            edges=edges,
            features=maps,
            baseline=study.baseline,
            groups_are=study.groups_are,
            is_official=results.is_official,
        ),
    )


def _log_sections(held: MeasuredStudy) -> tuple[Section, ...]:
    study, results, race = held.study, held.results, held.race
    failures = tabulate_failures(study, results, held.records)
    provenance = describe_provenance(study, results, held.metrics)
    return (
        ExtentSection(
            study,
            results,
            held.metrics,
            held.highlighted.selection,
            has_searches=bool(held.budget.searches),
            most_seeds=None if race is None else race.rule.looks[-1],
            num_superseded=len(superseded_records(held.records, ChoiceRule.of(study))),
        ),
        FailuresSection(failures),
        CostSection(tabulate_cost(study, held.records), study, len(failures.missing)),
        ArmsAsBuiltSection(study, results),
        ProvenanceSection(
            provenance, tuple(held.arms.ablation.components), held.metrics, trial_table(study, held.records)
        ),
        RunAgainSection(provenance, study, held.searches.is_adaptive),
    )
