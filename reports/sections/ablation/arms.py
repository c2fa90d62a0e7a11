"""The measured numbers of every arm, for the ablation table and the comparison of methods."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records.study_description import ArmDescription, StudyDescription
from reports.results.estimates import Estimator
from reports.results.metrics import Metric
from reports.sections.ablation.contrasts import difference_of
from reports.sections.ablation.values import AblationTable, ArmRow, Measured, ModelRow
from reports.sections.paper_tables.labels import find_row_of_table_3
from reports.sections.paper_tables.published import published_dataset
from reports.sections.seed_race.values import RaceTable


def arm_row(
    estimator: Estimator, study: StudyDescription, arm: ArmDescription, metrics: Sequence[Metric], dataset: str | None
) -> ArmRow:
    """One arm with every metric, its counts, and its published row if its components have one.

    Args:
        estimator: the results that the estimates are made from.
        study, arm: as trained.
        metrics: in display order.
        dataset: whose published rows stand beside it; None where the study's data are not published ones.
    """
    counts = estimator.results.counts(arm.name)
    has_both = 0 < counts.failed < counts.scored
    measured = {
        metric.name: Measured(
            estimator.arm_mean(arm.name, metric.name),
            estimator.arm_mean(arm.name, metric.name, survivors_only=True) if has_both else None,
        )
        for metric in metrics
    }
    published = None if dataset is None else find_row_of_table_3(study, arm, dataset)
    return ArmRow(
        arm=arm.name,
        label=arm.label,
        role=arm.role,
        model=arm.model,
        components=arm.components,
        facts=arm.facts,
        counts=counts,
        measured=measured,
        published=published,
        varying=arm.varying,
    )


def tabulate_ablation(estimator: Estimator, study: StudyDescription, metrics: Sequence[Metric]) -> AblationTable:
    """The baseline, its ablations and its controls, in planned order.

    Args:
        estimator: the results that the estimates are made from.
        study: as trained.
        metrics: in display order.
    """
    dataset = published_dataset(study.data_origin)
    arms = [arm for arm in study.arms if arm.role != "model" or arm.name == study.baseline]
    switched = {name for arm in arms for name in (*arm.components, *arm.varying)}
    components = {name: label for name, label in study.component_labels.items() if name in switched}
    rows = tuple(arm_row(estimator, study, arm, metrics, dataset) for arm in arms)
    return AblationTable(rows, components, dataset or "")


def compare_models(
    estimator: Estimator, study: StudyDescription, metrics: Sequence[Metric], race: RaceTable | None = None
) -> tuple[ModelRow, ...]:
    """The baseline and every other method with its difference from the baseline.

    Args:
        estimator: the results that the estimates are made from.
        study: as trained.
        metrics: in display order; the first is the primary one, which the difference is in.
        race: of the study's seeds; None where none were raced.

    Returns:
        The baseline's row first; empty without other methods.
    """
    models = [arm for arm in study.arms if arm.role == "model" and arm.name != study.baseline]
    if not models:
        return ()
    dataset = published_dataset(study.data_origin)
    rows = []
    for arm in [arm for arm in study.arms if arm.name == study.baseline] + models:
        is_baseline = arm.name == study.baseline
        difference = None if is_baseline else difference_of(estimator, study.baseline, arm.name, metrics[0], race)
        rows.append(ModelRow(arm_row(estimator, study, arm, metrics, dataset), difference))
    return tuple(rows)
