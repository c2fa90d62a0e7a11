"""No claim rests on an arm that is not shown better than the training-median predictor; the report begins with that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import Predictions, RunRecord
from reports.records.serialise import record_from_json, record_to_json
from reports.records.study_description import ArmDescription, StudyDescription
from reports.records.target import Target
from reports.report import Report
from reports.results.estimates import Estimator
from reports.results.results import CONSTANT_PREDICTOR
from reports.results.tabulate import tabulate_results
from reports.statistics.multiplicity import holm
from tests.reports.example_emotions import (
    BINARIES,
    CLASSES,
    SEVERAL,
    make_emotion_records,
    make_emotion_study,
    scores_for,
)
from tests.reports.example_studies import (
    FALLBACK,
    contrasts_of,
    failed,
    make_predictions,
    make_record,
    make_records,
    make_study,
    warnings_of,
)

MEDIAN = FALLBACK["mae"]
LEARNED = {"full": 0.90, "no_hetero_gd": 0.95, "no_ca": 1.00, "no_ca_hetero_gd": 1.05, "fd_only": 1.10, "plain": 1.15}


def report_of(means: Mapping[str, float], corr: Mapping[str, float] | None = None, **options: object) -> Report:
    """Five folds, three seeds. corr: of the runs of an arm, where it does not follow from the MAE."""
    study = make_study(tuple(means), **options)  # type: ignore[arg-type]
    records = []
    for record in make_records(study, means.__getitem__):
        given = (corr or {}).get(record.arm)
        if record.test is not None and given is not None:
            noise = 0.1 * np.random.default_rng([record.seed, record.fold or 0]).standard_normal()
            record = replace(record, test={**record.test, "corr": given + noise})
        records.append(record)
    return analyse(study, records)


def kinds(report: Report) -> dict[str, str]:
    return {f"{row.contrast.first} - {row.contrast.second}": row.verdict.kind for row in contrasts_of(report).rows}


def test_where_no_arm_beats_the_median_nothing_is_claimed_and_the_report_begins_with_it() -> None:
    report = report_of({arm: mean + 0.6 for arm, mean in LEARNED.items()})
    assert set(kinds(report).values()) == {"no verdict"}
    assert report.answer[0].startswith(
        "**No verdict on 6 of 6 declared contrasts: arms of them are not shown better than the training-median "
        "predictor: full (1."
    )
    assert "against 1.400 MAE)" in report.answer[0]
    assert report.answer[2].startswith("**In 0 of 6 declared contrasts a difference is shown for both questions: ")
    text = render_markdown(report)
    assert "better with new seeds" not in text.lower()
    why = "not shown better than the training-median predictor: full and no_ca"
    assert f"CA given HeteroGD (full - no_ca): no verdict: {why}" in text


def test_an_arm_that_did_not_learn_silences_its_contrasts_and_no_other() -> None:
    whole, partial = report_of(LEARNED), report_of({**LEARNED, "plain": 1.5})
    assert set(kinds(whole).values()) == {"better"}
    assert kinds(partial) == {**kinds(whole), "fd_only - plain": "no verdict"}
    assert partial.answer[0].startswith("**No verdict on 1 of 6 declared contrasts: an arm of it is not shown better")
    assert "plain (1.5" in partial.answer[0]
    # The family keeps its size: a contrast without verdict was declared all the same.
    rows = contrasts_of(partial).rows
    raw, corrected = zip(*((row.p_values.both, row.p_values.both_holm) for row in rows), strict=True)
    assert corrected == holm(raw)
    assert None not in raw


def test_better_on_average_is_not_shown_better() -> None:
    report = report_of({"full": MEDIAN - 0.005, "no_ca": MEDIAN - 0.4})
    assert kinds(report) == {"full - no_ca": "no verdict"}
    (said,) = [warning for warning in warnings_of(report) if "training-median predictor" in warning]
    assert said.startswith("Not shown better than the training-median predictor: full, 1.")
    assert "never learned" not in said


@pytest.mark.parametrize(
    ("corr", "beginning"),
    [
        (0.5, "The 15 completed runs of no_ca score worse than the training-median predictor (1.5"),
        (0.01, "no_ca diverged or never learned: its 15 completed runs score worse than"),
        (-0.5, "no_ca diverged or never learned: its 15 completed runs score worse than"),
    ],
)
def test_an_arm_whose_predictions_rise_with_the_labels_has_learned_something(corr: float, beginning: str) -> None:
    report = report_of({"full": 0.9, "no_ca": 1.5}, {"no_ca": corr})
    assert kinds(report) == {"full - no_ca": "no verdict"}
    (said,) = [warning for warning in warnings_of(report) if warning.startswith(beginning)]
    assert ("it has learned their order" in said) == (corr == 0.5)


def test_a_contrast_with_the_median_itself_is_the_question_and_is_judged() -> None:
    study = make_study(("full", "no_ca"))
    yardstick = ArmDescription("no_ca", "median", "model", "median", {})
    study = replace(study, arms=(study.arms[0], yardstick))
    for mean, kind in ((0.9, "better"), (1.6, "worse")):
        records = make_records(study, lambda arm, own=mean: own if arm == "full" else MEDIAN)  # type: ignore[misc]
        assert kinds(analyse(study, records)) == {"full - no_ca": kind}


def test_runs_that_all_failed_learned_nothing() -> None:
    study = make_study(("full", "no_ca"))
    records = make_records(study, LEARNED.__getitem__)
    report = analyse(study, [failed(r) if r.arm == "no_ca" and r.stage == "confirm" else r for r in records])
    assert kinds(report) == {"full - no_ca": "no verdict"}
    assert "no_ca (no completed run)" in report.answer[0]


def test_one_seed_stays_too_few_to_say() -> None:
    report = report_of({"full": 1.5, "no_ca": 1.6}, seeds=(1,))
    assert kinds(report) == {"full - no_ca": "too few to say"}
    assert not any("No verdict" in sentence for sentence in report.answer)


def constant_study(first: float, second: float) -> tuple[StudyDescription, list[RunRecord]]:
    """Two collapsed arms on one split: each answers with a number of its own, 0.001 more or less under each seed."""
    study = make_study(("full", "no_ca"), seeds=(1, 2, 3, 4), folds=(None,))
    known = make_predictions(num_groups=12, per_group=5, shift=0.0, seed=0)

    def predict(value: float) -> tuple[Predictions, float]:
        found = replace(known, values=np.full_like(known.labels, value))
        return found, float(np.abs(found.labels.astype(float) - found.values).mean())

    _, of_median = predict(0.0)
    records = []
    for planned in study.planned:
        own = (first if planned.arm == "full" else second) + 0.001 * planned.seed * (1 if planned.arm == "full" else -1)
        found, mae = predict(own)
        record = make_record(planned.arm, planned.seed, None, mae, predictions=found, fallback_value=0.0)
        records.append(replace(record, fallback_test={**FALLBACK, "mae": of_median}))
    return study, records


def test_collapsed_arms_that_are_lucky_on_these_items_get_no_verdict() -> None:
    labels = make_predictions(12, 5, 0.0, 0).labels
    towards = 0.05 if float(np.median(labels)) > 0 else -0.05
    study, records = constant_study(towards, towards / 5)
    (row,) = contrasts_of(analyse(study, records)).rows
    estimates = row.differences["mae"].estimates
    assert estimates is not None
    assert estimates.rerun.p_value is not None
    assert estimates.rerun.p_value < 1e-3, "the seeds alone tell the two constants apart"
    assert row.verdict.kind == "no verdict"


def test_the_papers_difference_is_not_settled_by_arms_that_did_not_learn() -> None:
    report = report_of({"full": 1.45, "no_hetero_gd": 1.5})
    lines = [line for line in render_markdown(report).splitlines() if "Table 3 prints" in line]
    assert lines
    assert all("the question stays open, as arms are not shown better" in line for line in lines)


def test_the_value_of_the_training_median_outlives_storage() -> None:
    record = make_record("full", 1, 0, 0.9, fallback_value=0.4)
    assert record_from_json(record_to_json(record)) == record


def test_a_metric_that_the_items_leave_undefined_fails_no_run() -> None:
    study = make_study(("full", "no_ca"))
    undefined = {"f1_non0": float("nan")}
    records = [
        replace(record, test={**record.test, **undefined}, fallback_test={**FALLBACK, **undefined})
        if record.fold == 2 and record.test is not None
        else record
        for record in make_records(study, LEARNED.__getitem__)
    ]
    results = tabulate_results(study, records)
    assert results.counts("full").failed == 0
    estimates = Estimator.from_results(results).arm_mean("full", "f1_non0")
    assert estimates is not None
    assert estimates.rerun.n == 12


def test_the_median_has_the_intervals_of_an_arm_that_answers_with_it() -> None:
    study, records = constant_study(0.0, 0.5)
    same = []
    for record in records:
        found = record.predictions
        assert found is not None
        if record.arm == "full":
            found = replace(found, values=np.zeros_like(found.values))
            record = replace(record, test=record.fallback_test, predictions=found)
        same.append(record)
    estimator = Estimator.from_results(tabulate_results(study, same))
    assert estimator.arm_mean(CONSTANT_PREDICTOR, "mae") == estimator.arm_mean("full", "mae")


@pytest.mark.parametrize("target", [CLASSES, BINARIES, SEVERAL])
@pytest.mark.parametrize("num_folds", [0, 5])
def test_the_constant_predictor_of_every_kind_has_replicates(target: Target, num_folds: int) -> None:
    """An arm minus the predictor has a new-data interval on every metric: it is computed without each group, too."""
    study = make_emotion_study(target, num_folds=num_folds)
    records = make_emotion_records(study, {"full": 1.8, "no_ca": 1.2})
    estimator = Estimator.from_results(tabulate_results(study, records))
    for metric in study.metrics:
        gain = estimator.difference("full", CONSTANT_PREDICTOR, metric).estimates
        assert gain is not None
        assert gain.new_data.low is not None, metric


def test_a_failed_run_of_classes_scores_as_the_majority_predictor_and_is_called_so() -> None:
    study = make_emotion_study(CLASSES, num_folds=0)
    records = make_emotion_records(study, {"full": 1.8, "no_ca": 0.0})
    lost = failed(records[0])
    report = analyse(study, [lost, *records[1:]])
    assert lost.fallback_test is not None
    place = report.results.arms.index("full"), 0, 0, report.results.metrics.index("macro_f1")
    assert report.results.scores[place] == lost.fallback_test["macro_f1"]
    text = render_markdown(report)
    assert "score as the majority predictor in every table" in text
    assert "| majority predictor" in text
    assert "median" not in text


def test_an_arm_below_the_majority_that_tells_classes_apart_is_not_called_untrained() -> None:
    """It never answers the most frequent class: an accuracy below the majority's, and a UAR above chance."""
    study = make_emotion_study(CLASSES, num_folds=0)
    study = replace(study, primary="acc", metrics=("acc", *(name for name in study.metrics if name != "acc")))
    records = []
    for record in make_emotion_records(study, {"full": 1.8, "no_ca": 1.2}):
        made = record.predictions
        assert made is not None
        if record.arm == "no_ca":
            values = made.values.copy()
            values[:, 0] = 0
            made = replace(made, values=values / values.sum(axis=1, keepdims=True))
        records.append(replace(record, predictions=made, test=scores_for(study, made)))
    (told,) = [line for line in warnings_of(analyse(study, records)) if "no_ca" in line and "majority" in line]
    assert "score worse than the majority predictor" in told
    assert "tells classes apart better than that (UAR +" in told
    assert "never learned" not in told
