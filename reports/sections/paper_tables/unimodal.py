"""Table 4: each modality alone, without and with feature decoupling (FD), and how far the modalities lie apart.

The slide does not say what "w/ FD" means for one modality. Two readings are measured side by side. *Joint*: the
decoupled model of all three modalities (row 5 of Table 3, its heads kept), scored by the head of each modality's common
features; it has *seen* the others in training. *Alone*: a model of one modality with encoders and decoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.records.details import ReadDetails
from reports.records.study_description import ArmDescription, StudyDescription
from reports.results.estimates import EstimatePair, Estimator
from reports.results.metrics import METRICS, Metric
from reports.results.results import CONSTANT_PREDICTOR, RunCounts
from reports.sections.paper_tables.entries import gap_entry, measured_entry
from reports.sections.paper_tables.head_scores import HeadScores, score_heads
from reports.sections.paper_tables.labels import find_component, is_method
from reports.sections.paper_tables.published import (
    Printed,
    UnimodalRow,
    is_published_data,
    unimodal_rows,
    unimodal_sources,
)
from reports.sections.paper_tables.table import PaperCell, PaperColumn, PaperEntry, PaperRow, PaperTable
from reports.text.rounding import decimals_for, fixed

DATASET = "CMU-MOSEI"
MODALITIES = ("language", "vision", "audio")
"""In the order of the rows."""
SCORED = {"acc2_non0": "ACC2", "f1_non0": "F1"}
_GROUPS = (
    (PaperColumn("w/o FD"),),
    (PaperColumn("w/ FD", "joint"),),
    (PaperColumn("w/ FD", "alone", has_printed=False),),
)
_NOTES = (
    "Joint: the heads on the common features of the decoupled three-modality model (FD alone, heads kept), one per "
    "modality. Alone: a model that sees one modality. The paper does not say which of the two it means.",
    "Mean and STD are over the three modalities; STD is the population's, of the means above it, with an interval by "
    "the delta method.",
)


@dataclass(frozen=True)
class _Source:
    """Where one group of columns is measured. arms: modality -> arm in ``estimator``. missing: why one has none."""

    estimator: Estimator | None
    arms: Mapping[str, str]
    missing: str


def unimodal_table(study: StudyDescription, estimator: Estimator, read_details: ReadDetails) -> PaperTable | None:
    """Table 4.

    Args:
        study: as trained.
        estimator: the results that the estimates are made from.
        read_details: trial id -> what it kept of every test item.

    Returns:
        The table; None where the study has neither an arm of one modality nor heads to score.
    """
    if not set(SCORED) <= set(study.metrics):
        return None
    heads = _score_joint_heads(study, estimator, read_details)
    alone = {has_fd: _unimodal_arms(study, has_fd) for has_fd in (False, True)}
    if heads is None and not any(alone.values()):
        return None
    sources = (
        _Source(estimator, alone[False], "no arm of this study is the method unimodal without FD on it"),
        _Source(
            heads.estimator if heads else None,
            heads.arms if heads else {},
            "no arm of this study has FD alone with its heads kept, or its details were not kept",
        ),
        _Source(estimator, alone[True], "no arm of this study is the method unimodal with FD on it"),
    )
    rows = [row for metric in SCORED for row in _metric_rows(metric, sources)]
    return PaperTable(
        number=4,
        title="Unimodal accuracy comparison",
        dataset=DATASET,
        is_same_data=is_published_data(study.data_origin, DATASET),
        name_headings=("Metric", "Methods"),
        groups=_GROUPS,
        rows=tuple(rows),
        blocks=tuple(range(5, len(rows), 5)),
        notes=_NOTES + _constant_note(estimator),
    )


def _unimodal_arms(study: StudyDescription, has_fd: bool) -> dict[str, str]:
    """Modality -> the first arm that sees it alone."""
    sources, arms = unimodal_sources(), dict[str, str]()
    for arm in study.arms:
        component = find_component(study.method(arm.model), sources.component)
        is_one = is_method(study, arm, sources.alone) and arm.role != "control" and not arm.varying
        if is_one and (component is not None and bool(arm.settings.get(component, False))) is has_fd:
            arms.setdefault(str(arm.settings.get("modality")), arm.name)
    return {modality: arms[modality] for modality in MODALITIES if modality in arms}


def _score_joint_heads(study: StudyDescription, estimator: Estimator, read_details: ReadDetails) -> HeadScores | None:
    arm = next((arm for arm in study.arms if _is_decoupling_alone(study, arm)), None)
    if arm is None:
        return None
    return score_heads(
        study=study,
        results=estimator.results,
        arm=arm.name,
        heads=unimodal_sources().joint_heads,
        metrics=tuple(SCORED),
        read_details=read_details,
    )


def _is_decoupling_alone(study: StudyDescription, arm: ArmDescription) -> bool:
    sources, method = unimodal_sources(), study.method(arm.model)
    on = {name for name, is_on in arm.components.items() if is_on}
    keeps_heads = bool(arm.settings.get(method.kept_heads, False))
    is_whole = arm.role in ("baseline", "ablation", "model") and set(arm.components) == set(method.component_labels)
    return (
        is_whole
        and keeps_heads
        and is_method(study, arm, sources.joint)
        and on == {find_component(method, sources.component)}
    )


def _metric_rows(metric: str, sources: Sequence[_Source]) -> list[PaperRow]:
    rows = []
    for printed in unimodal_rows():
        entries = tuple(
            _entry(printed, metric, source, numbers)
            for source, numbers in zip(sources, (printed.without_fd, printed.with_fd, {}), strict=True)
        )
        rows.append(PaperRow((SCORED[metric], printed.label), printed.label, entries))
    return rows


def _entry(row: UnimodalRow, metric: str, source: _Source, numbers: Mapping[str, Printed]) -> PaperEntry:
    estimator = source.estimator
    if estimator is None or not source.arms:
        return gap_entry(source.missing, (metric,), numbers)
    if row.modality is not None:
        if row.modality not in source.arms:
            return gap_entry(source.missing, (metric,), numbers)
        return measured_entry(estimator, source.arms[row.modality], (metric,), numbers)
    parts = [source.arms[modality] for modality in MODALITIES if modality in source.arms]
    if len(parts) < len(MODALITIES):
        return gap_entry("not all three modalities are measured", (metric,), numbers)
    summarise = _mean_over if row.label == "Mean" else _deviation_over
    estimates = summarise(estimator, parts, metric)
    if estimates is None:
        return gap_entry("a modality has no confirm run yet", (metric,), numbers)
    counts = _add([estimator.results.counts(arm) for arm in parts])
    return PaperEntry(tuple(parts), counts, "", (PaperCell(METRICS[metric], numbers.get(metric), estimates),))


def _mean_over(estimator: Estimator, arms: Sequence[str], metric: str) -> EstimatePair | None:
    estimates = estimator.linear_contrast(dict.fromkeys(arms, 1 / len(arms)), metric).estimates
    return None if estimates is None else estimates.untested()


def _deviation_over(estimator: Estimator, arms: Sequence[str], metric: str) -> EstimatePair | None:
    """The population standard deviation over the means of ``arms``.

    Its interval is the delta method's (Oehlert 1992, *A Note on the Delta Method*): the deviation is replaced by its
    linear part at the means, a weighted sum of arms like any other, whose value is the deviation itself.
    """
    found = [estimator.arm_mean(arm, metric) for arm in arms]
    if any(estimates is None for estimates in found):
        return None
    means = np.array([estimates.value for estimates in found if estimates is not None])
    spread = float(means.std())
    if spread == 0:
        return None
    slopes = (means - means.mean()) / (len(arms) * spread)
    estimates = estimator.linear_contrast(dict(zip(arms, slopes.tolist(), strict=True)), metric).estimates
    return None if estimates is None else estimates.untested()


def _add(counts: Sequence[RunCounts]) -> RunCounts:
    return RunCounts(
        scored=sum(part.scored for part in counts),
        failed=sum(part.failed for part in counts),
        missing=sum(part.missing for part in counts),
        seeds=max(part.seeds for part in counts),
        cells=max(part.cells for part in counts),
        cells_planned=max(part.cells_planned for part in counts),
    )


def _constant_note(estimator: Estimator) -> tuple[str, ...]:
    told = []
    for metric, label in SCORED.items():
        estimates = estimator.arm_mean(CONSTANT_PREDICTOR, metric)
        if estimates is not None:
            told.append(f"{label} {_told(estimates, METRICS[metric])}")
    if not told:
        return ()
    num_cells = len(estimator.results.cells)
    extent = "one split" if estimator.results.is_official else f"{num_cells} folds"
    return (
        f"A predictor that always answers with the training median scores {' and '.join(told)} ({extent}): a "
        "modality that does not beat it has given the model nothing to predict from.",
    )


def _told(estimates: EstimatePair, metric: Metric) -> str:
    """The value with its new-data interval: a constant does not change from run to run."""
    half_width = estimates.new_data.half_width
    decimals = decimals_for([half_width], metric.decimals)
    spread = "" if half_width is None else f" (± {fixed(half_width, decimals)} new data)"
    return f"{fixed(estimates.value, decimals)}{spread}"
