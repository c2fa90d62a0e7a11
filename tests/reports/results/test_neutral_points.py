"""Where a scale has its zero changes nothing: metrics, intervals, p-values, verdicts, tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmd.data.samples.samples import LabelScale
from dmd.metrics.sentiment import compute_metrics, metric_names
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import Predictions, RunRecord
from reports.records.study_description import StudyDescription
from reports.report import Report
from reports.results.estimates import Estimator
from reports.results.results import CONSTANT_PREDICTOR
from reports.results.tabulate import tabulate_results
from reports.sections.ablation.section import AblationSection, MethodsSection
from reports.sections.model_inside.section import ModelInsideSection
from reports.sections.power.section import PowerSection
from reports.statistics import group_spread, jackknife
from tests.reports.example_details import details_of, reader
from tests.reports.example_studies import contrasts_of, make_record, make_study

ARMS, SEEDS, FOLDS = ("full", "no_ca", "ridge"), (1, 2, 3), 3
GROUPS, PER_GROUP = 6, 5

# Sums with labels and predictions on these grids are exact, so that nothing may differ in the last digit.
shifts = st.integers(-40, 40).map(lambda quarters: quarters / 4)
numbers = st.integers(0, 2**32 - 1)
METRICS = metric_names(LabelScale())


def draw_predictions(random: np.random.Generator, fold: int | None, error: float) -> Predictions:
    """Labels on a grid of 1/4 in [-3, 3], predictions of 1/8 that are right up to ``error``."""
    size = GROUPS * PER_GROUP
    labels = np.random.default_rng(fold).integers(-12, 13, size) / 4
    values = np.round((labels + error * random.normal(size=size)) * 8) / 8
    groups = tuple(f"video{fold}-{row // PER_GROUP}" for row in range(size))
    ids = tuple(f"{group}$_${row}" for row, group in enumerate(groups))
    return Predictions(ids, groups, labels.astype(np.float32), values.astype(np.float32))


def scored(record: RunRecord, scale: LabelScale) -> RunRecord:
    """The record with the metrics that ``dmd`` gives its predictions, and those of a constant just above neutral."""
    found = record.predictions
    assert found is not None
    constant = np.full_like(found.values, scale.neutral + 0.25)
    test, fallback = (dict(compute_metrics(values, found.labels, scale)) for values in (found.values, constant))
    return replace(record, test=test, fallback_test=fallback, fallback_value=scale.neutral + 0.25)


def shifted(record: RunRecord, by: float) -> RunRecord:
    """Labels and predictions ``by`` higher, with the metrics of the scale that is as much higher."""
    found = record.predictions
    assert found is not None
    moved = replace(found, labels=found.labels + np.float32(by), values=found.values + np.float32(by))
    return scored(replace(record, predictions=moved), LabelScale(by - 3.0, by + 3.0, by))


def study_on(scale: Sequence[float], folds: Sequence[int | None], primary: str) -> StudyDescription:
    study = make_study(ARMS, seeds=SEEDS, folds=folds)
    metrics = (primary, *(name for name in METRICS if name != primary))
    data = {**study.data, "label_scale": list(scale), "official_split": folds == [None]}
    return replace(study, primary=primary, metrics=metrics, data=data)


def draw_study(seed: int, folds: Sequence[int | None], primary: str) -> tuple[StudyDescription, list[RunRecord]]:
    study = study_on((-3.0, 3.0, 0.0), folds, primary)
    random = np.random.default_rng(seed)
    records = [
        scored(
            make_record(
                arm,
                seed,
                fold,
                0.0,
                predictions=draw_predictions(random, fold, 0.5 + 0.5 * place),
            ),
            LabelScale(),
        )
        for place, arm in enumerate(ARMS)
        for seed in SEEDS
        for fold in folds
    ]
    return study, records


def numbers_of(report: Report) -> Mapping[str, object]:
    """Everything that is measured of arms and contrasts."""
    return {
        "arms": {row.arm: row.measured for row in report.section(AblationSection).arms.ablation.rows},
        "contrasts": [(row.differences, row.p_values, row.verdict) for row in contrasts_of(report).rows],
        "models": [(model.row.measured, model.to_baseline) for model in report.section(MethodsSection).models],
        "detection": [row.detectable for row in report.section(PowerSection).values.rows],
    }


@settings(max_examples=25, deadline=None, derandomize=True)
@given(numbers, shifts, st.sampled_from(METRICS))
def test_metrics_do_not_know_where_the_scale_has_its_zero(seed: int, by: float, name: str) -> None:
    found = draw_predictions(np.random.default_rng(seed), 0, 1.0)
    plain = compute_metrics(found.values, found.labels, LabelScale())
    moved = compute_metrics(found.values + by, found.labels + by, LabelScale(by - 3, by + 3, by))
    assert plain[name] == moved[name]


@pytest.mark.parametrize("folds", [[None], list(range(FOLDS))], ids=["official split", "folds"])
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=numbers, by=shifts, primary=st.sampled_from(METRICS))
def test_nor_does_any_interval(folds: list[int | None], seed: int, by: float, primary: str) -> None:
    study, records = draw_study(seed, folds, primary)
    elsewhere = study_on((by - 3.0, by + 3.0, by), folds, primary)
    plain = numbers_of(analyse(study, records))
    assert plain == numbers_of(analyse(elsewhere, [shifted(record, by) for record in records]))


@pytest.mark.parametrize("folds", [[None], list(range(FOLDS))], ids=["official split", "folds"])
def test_every_metric_has_both_intervals_on_every_scale(folds: list[int | None]) -> None:
    _, records = draw_study(0, folds, "mae")
    moved = analyse(study_on((0.0, 6.0, 3.0), folds, "mae"), [shifted(record, 3.0) for record in records])
    for row in moved.section(AblationSection).arms.ablation.rows:
        for name, measured in row.measured.items():
            assert measured.estimates is not None
            assert measured.estimates.new_data.half_width, (row.arm, name)
            assert measured.estimates.new_data.method == (jackknife if folds == [None] else group_spread).METHOD


def test_probes_and_pictures_divide_where_the_scale_does() -> None:
    study, records = draw_study(0, [None], "mae")
    details = reader(details_of(records, without=("ridge",)))
    plain = analyse(study, records, details).section(ModelInsideSection).features.maps
    moved = (
        analyse(study_on((2.0, 8.0, 5.0), [None], "mae"), [shifted(r, 5.0) for r in records], details)
        .section(ModelInsideSection)
        .features.maps
    )
    assert len(plain) == 2
    for one, other in zip(plain, moved, strict=True):
        np.testing.assert_array_equal(one.by_class.labels, other.by_class.labels)
        assert (one.by_class.sign, one.by_class.seven) == (other.by_class.sign, other.by_class.seven)


@pytest.mark.parametrize("folds", [[None], list(range(FOLDS))], ids=["official split", "folds"])
def test_the_training_median_has_its_intervals_on_every_scale(folds: list[int | None]) -> None:
    study, records = draw_study(0, folds, "mae")
    found = []
    for of_study, of_records in (
        (study, records),
        (study_on((1, 7, 4), folds, "mae"), [shifted(r, 4) for r in records]),
    ):
        estimator = Estimator.from_results(tabulate_results(of_study, of_records))
        found.append([estimator.arm_mean(CONSTANT_PREDICTOR, metric) for metric in METRICS])
    assert found[0] == found[1]
    assert all(estimates is not None and estimates.new_data.half_width is not None for estimates in found[1])


def test_a_scale_of_two_numbers_is_one_line() -> None:
    study, records = draw_study(0, [None], "mae")
    broken = replace(study, data={**study.data, "label_scale": [1.0, 2.0]})
    with pytest.raises(ValueError, match="label_scale must be low, high, neutral"):
        render_markdown(analyse(broken, records))
