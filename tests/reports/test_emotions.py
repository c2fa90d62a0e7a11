"""What is claimed of classes and questions: Holm, racing, Shapley and power on scores that are no means over items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, Contrast, PlannedCell, StudyDescription
from reports.records.target import Target
from reports.results.metrics import find_metric
from reports.results.tabulate import tabulate_results
from reports.sections.attribution.section import AttributionSection
from reports.sections.hyperparameters.history import objective_metric
from reports.sections.power.section import PowerSection
from reports.sections.seed_race.values import run_race
from reports.statistics.multiplicity import holm
from tests.reports.example_emotions import BINARIES, CLASSES, SEVERAL, make_emotion_records, make_emotion_study
from tests.reports.example_studies import contrasts_of

ARMS = ("full", "no_hetero_gd", "no_ca", "control")
SKILL = {"full": 1.8, "no_hetero_gd": 1.8, "no_ca": 1.2, "control": 1.8}
CONTRASTS = (Contrast("full", "no_ca", "CA"), Contrast("full", "no_hetero_gd", "HeteroGD"))

PRIMARIES = [
    *((CLASSES, name) for name in ("macro_f1", "uar", "weighted_f1", "acc", "nll", "f1_sad")),
    *((BINARIES, name) for name in ("weighted_f1", "uar", "nll", "f1_sad")),
    (SEVERAL, "mae"),
]


@cache
def planted(target: Target) -> tuple[StudyDescription, list[RunRecord]]:
    """CA is worth something, HeteroGD nothing."""
    study = replace(make_emotion_study(target, ARMS), contrasts=CONTRASTS)
    return study, make_emotion_records(study, SKILL)


def with_primary(study: StudyDescription, metric: str) -> StudyDescription:
    return replace(study, primary=metric, metrics=(metric, *(name for name in study.metrics if name != metric)))


@pytest.mark.parametrize(("target", "metric"), PRIMARIES)
def test_a_planted_difference_is_claimed_and_none_is_not(target: Target, metric: str) -> None:
    study, records = planted(target)
    report = analyse(with_primary(study, metric), records)
    ca, nothing = contrasts_of(report).rows
    assert ca.verdict.kind == "better"
    assert nothing.verdict.kind == "no difference shown"
    raw = [row.p_values.both for row in (ca, nothing)]
    assert None not in raw
    assert [row.p_values.both_holm for row in (ca, nothing)] == pytest.approx(holm(raw))  # type: ignore[arg-type]
    power = report.section(PowerSection)
    detectable = power.values.rows[0].detectable
    assert detectable.rerun is not None
    assert detectable.new_data is not None
    assert 0 < detectable.rerun <= detectable.new_data
    assert len(power.values.floors) == 1
    assert find_metric(metric).label in power.markdown()


@pytest.mark.parametrize(("target", "metric"), [(CLASSES, "macro_f1"), (BINARIES, "weighted_f1")])
def test_a_race_decides_a_score_where_more_is_better(target: Target, metric: str) -> None:
    seeds = tuple(range(1, 9))
    study = make_emotion_study(target, ARMS[:3], num_folds=0, seeds=seeds)
    racing = {"looks": [5, 8], "smallest_effect": 0.5}
    study = replace(study, contrasts=CONTRASTS, confirm={"seeds": list(seeds), "top": 1, "racing": racing})
    records = make_emotion_records(study, SKILL)
    race = run_race(study, tabulate_results(study, records))
    assert race is not None
    assert race.metric.name == metric
    assert [row.outcome for row in race.rows] == ["shown", "given up"]


FREE = ("ca", "hetero_gd")
WORTH = {"ca": 0.6, "hetero_gd": 0.0}


@pytest.mark.parametrize("target", [CLASSES, BINARIES])
def test_components_share_the_whole_difference(target: Target) -> None:
    """CA is worth something and HeteroGD nothing; Shapley values add up to full minus neither, as means do."""
    factorial = {"+".join(on) or "neither": on for on in (FREE, ("ca",), ("hetero_gd",), ())}
    study = make_emotion_study(target, num_folds=5)
    arms = tuple(
        ArmDescription(name, name, "baseline" if on == FREE else "ablation", "dmd", {c: c in on for c in FREE})
        for name, on in factorial.items()
    )
    planned = tuple(PlannedCell(name, seed, 0, fold) for name in factorial for seed in (1, 2, 3) for fold in range(5))
    study = replace(
        study, arms=arms, baseline="ca+hetero_gd", contrasts=(), planned=planned, combinations=tuple(factorial.values())
    )
    skill = {name: 1.2 + sum(WORTH[component] for component in on) for name, on in factorial.items()}
    report = analyse(study, make_emotion_records(study, skill))
    found = report.section(AttributionSection).values.factorial
    assert found is not None
    metric = study.primary
    shapley = {effect.components: effect.estimates[metric] for effect in found.shapley}
    means: Mapping[str, float] = {
        name: row.measured[metric].estimates.value  # type: ignore[union-attr]
        for name, row in report.arms.items()
    }
    ca, hetero_gd = shapley["ca",], shapley["hetero_gd",]
    assert ca is not None
    assert hetero_gd is not None
    assert ca.value + hetero_gd.value == pytest.approx(means["ca+hetero_gd"] - means["neither"])
    assert ca.new_data.low is not None
    assert ca.new_data.low > 0
    assert hetero_gd.rerun.low is not None
    assert hetero_gd.rerun.high is not None
    assert hetero_gd.rerun.low < 0 < hetero_gd.rerun.high


@pytest.mark.parametrize("target", [CLASSES, BINARIES, SEVERAL])
@pytest.mark.parametrize("num_folds", [0, 5])
def test_a_report_says_what_is_predicted_and_nothing_of_other_targets(target: Target, num_folds: int) -> None:
    study = make_emotion_study(target, num_folds=num_folds)
    study = replace(study, data={**study.data, "name": "mosei_seven_emotions"})
    report = analyse(study, make_emotion_records(study, SKILL))
    text = render_markdown(report)
    assert f"Predicted: {target.description}." in text.replace("; scores", "; scores")
    assert target.constant_predictor in text
    # The paper's tables are of one number, whatever the data are called.
    assert "Published beside measured" not in text
    assert ("Acc-7" in text, "median" in text) == (False, target is SEVERAL)
    objective = objective_metric(study)
    assert (objective.label, objective.higher_is_better) == (("MAE" if target is SEVERAL else "NLL"), False)


def test_metrics_of_names_have_labels_and_directions() -> None:
    shown = {name: find_metric(name).heading for name in ("f1_angry", "acc_sad", "mae_text", "corr_text", "uar", "nll")}
    assert shown == {
        "f1_angry": "F1 angry ↑",
        "acc_sad": "Acc sad ↑",
        "mae_text": "MAE text ↓",
        "corr_text": "Corr text ↑",
        "uar": "UAR ↑",
        "nll": "NLL ↓",
    }
    assert (find_metric("f1_angry").factor, find_metric("mae_text").factor) == (100.0, 1.0)
    for name in ("f1_", "f2_angry", "loss"):
        with pytest.raises(ValueError, match="is unknown to reports; known: mae, "):
            find_metric(name)
