"""The report as values: planted effects come out, pairing and failures are handled by rule."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.report import Report
from reports.sections.ablation.section import AblationSection
from reports.sections.hyperparameters.section import HyperparametersSection
from reports.sections.power.section import PowerSection
from reports.sections.run_log.section import CostSection, FailuresSection
from reports.statistics.scores.numbers import NUMBER_SCORES
from tests.reports.example_studies import (
    BESIDE,
    EDGES,
    TABLE3,
    contrasts_of,
    failed,
    make_predictions,
    make_record,
    make_records,
    make_search_record,
    make_study,
    warnings_of,
)

PLANTED = {"full": 0.90, "no_ca": 1.00, "control": 0.90, "ridge": 0.95}


def report_of(*arms: str, drop: int = 0, **options: object) -> Report:
    study = make_study(arms, **options)  # type: ignore[arg-type]
    return analyse(study, make_records(study, PLANTED.__getitem__)[drop:])


def test_a_planted_effect_is_found_in_the_right_direction() -> None:
    row = contrasts_of(report_of("full", "no_ca")).rows[0]
    estimates = row.differences["mae"].estimates
    assert row.verdict.kind == "better"
    assert estimates is not None
    assert estimates.rerun.low is not None
    assert estimates.rerun.high is not None
    assert estimates.rerun.low < -0.1 < estimates.rerun.high
    assert (estimates.rerun.n, estimates.rerun.df, estimates.new_data.n, estimates.new_data.df) == (15, 10, 5, 4)
    # Accuracies are shown in per cent: half of 0.1 MAE is five points.
    accuracy = row.differences["acc7"].estimates
    assert accuracy is not None
    assert accuracy.value == pytest.approx(-50 * estimates.value)


def test_both_is_the_larger_p_corrected_over_all_declared_contrasts() -> None:
    report = report_of("full", "no_ca", contrasts=(Contrast("full", "no_ca"), Contrast("no_ca", "full")))
    p = contrasts_of(report).rows[0].p_values
    assert p.rerun is not None
    assert p.new_data is not None
    assert p.both == max(p.rerun, p.new_data)
    assert p.both_holm == pytest.approx(2 * p.both)


def test_pairing_uses_complete_pairs_only_and_says_how_many() -> None:
    study = make_study(("full", "no_ca"))
    records = make_records(study, PLANTED.__getitem__)
    kept = [r for r in records if r.trial_id not in ("full-confirm-1-0", "no_ca-confirm-2-0", "no_ca-confirm-3-4")]
    estimates = contrasts_of(analyse(study, kept)).rows[0].differences["mae"].estimates
    assert estimates is not None
    assert estimates.rerun.n == 12
    assert estimates.rerun.df == 12 - 5


def test_a_control_has_seeds_of_its_own_and_shows_the_noise_floor() -> None:
    report = report_of("full", "no_ca", "control")
    text = render_markdown(report)
    assert "Noise floor: `control`" in text
    assert "n = 30 runs" in text
    assert "Every declared contrast is larger" in text


def test_a_diverging_arm_pays_for_its_failures() -> None:
    study = make_study(("full", "no_ca"))
    records = make_records(study, PLANTED.__getitem__)
    broken = [failed(r) if r.arm == "full" and r.stage == "confirm" and r.seed == 1 else r for r in records]
    report = analyse(study, broken)
    row = contrasts_of(report).rows[0]
    difference = row.differences["mae"]
    assert difference.estimates is not None
    assert difference.survivors is not None
    # A third of the full model's runs score 1.4 instead of 0.9.
    assert difference.estimates.value == pytest.approx(difference.survivors.value + 0.5 / 3, abs=0.03)
    assert row.failed == 5
    assert row.verdict.kind != "better"
    assert len(report.section(FailuresSection).failures.rows) == 5
    assert report.section(FailuresSection).failures.rows[0].scored_as == "training-median predictor"


def official(
    arms: tuple[str, ...], seeds: tuple[int, ...], with_predictions: bool = True
) -> tuple[StudyDescription, list[RunRecord]]:
    study = make_study(arms, seeds=seeds, folds=(None,))
    records = []
    for planned in study.planned:
        shift = 0.1 if planned.arm == "full" else 0.6
        made = make_predictions(20, 10, shift, seed=planned.seed)
        labels, values = made.labels.astype(float), made.values.astype(float)
        test = {
            m: float(NUMBER_SCORES[m].from_sums(NUMBER_SCORES[m].contributions(labels, values).sum(axis=0)))
            for m in study.metrics
        }
        record = make_record(
            planned.arm, planned.seed, None, 1.0, test=test, predictions=made if with_predictions else None
        )
        records.append(record)
    return study, records


def test_on_an_official_split_new_data_varies_the_test_groups() -> None:
    study, records = official(("full", "no_ca"), (1, 2, 3))
    report = analyse(study, records)
    for metric in study.metrics:
        estimates = contrasts_of(report).rows[0].differences[metric].estimates
        assert estimates is not None
        assert (estimates.new_data.n, estimates.new_data.df) == (20, 19)
        assert estimates.new_data.low is not None
        assert estimates.new_data.high is not None
        assert estimates.new_data.low < estimates.value < estimates.new_data.high
    assert contrasts_of(report).rows[0].verdict.kind == "better"
    assert any("One official split" in warning for warning in warnings_of(report))


def test_the_jackknife_is_of_the_mean_over_seeds() -> None:
    study, records = official(("full",), (1, 2, 3))
    estimates = analyse(study, records).section(AblationSection).arms.ablation.rows[0].measured["mae"].estimates
    by_group = []
    for record in records:
        assert record.predictions is not None
        errors = np.abs(record.predictions.values.astype(float) - record.predictions.labels.astype(float))
        by_group.append(errors.reshape(20, 10).mean(axis=1))
    # Groups of equal size: deleting one at a time is the t interval of the mean over groups.
    interval = stats.ttest_1samp(np.mean(by_group, axis=0), 0.0).confidence_interval(0.95)
    assert estimates is not None
    assert estimates.new_data.low == pytest.approx(interval.low, abs=1e-9)
    assert estimates.new_data.high == pytest.approx(interval.high, abs=1e-9)


def test_without_predictions_an_official_split_gives_no_claim_about_new_groups() -> None:
    study, records = official(("full", "no_ca"), (1, 2, 3), with_predictions=False)
    verdict = contrasts_of(analyse(study, records)).rows[0].verdict
    assert verdict.kind == "better here"
    assert "no predictions" in verdict.text


def test_a_score_that_its_predictions_do_not_reproduce_has_no_jackknife() -> None:
    study, records = official(("full", "no_ca"), (1, 2, 3))
    records = [replace(r, test={**(r.test or {}), "acc7": 0.5}) for r in records]
    differences = contrasts_of(analyse(study, records)).rows[0].differences
    acc7, mae = differences["acc7"].estimates, differences["mae"].estimates
    assert acc7 is not None
    assert mae is not None
    assert acc7.new_data.low is None
    assert mae.new_data.low is not None


def test_one_seed_is_refused_in_words() -> None:
    report = report_of("full", "no_ca", seeds=(1,))
    assert contrasts_of(report).rows[0].verdict.kind == "too few to say"
    assert contrasts_of(report).rows[0].p_values.rerun is None
    assert any(warning.startswith("One run per fold") for warning in warnings_of(report))


def test_published_rows_stand_only_beside_arms_that_are_rows_of_table_3() -> None:
    study = make_study((*TABLE3, "control", "ridge"))
    rows = {row.arm: row for row in analyse(study, []).section(AblationSection).arms.ablation.rows}
    assert [rows[arm].published.row for arm in TABLE3 if rows[arm].published is not None] == [1, 2, 3, 4, 5, 6]  # type: ignore[union-attr]
    assert rows["control"].published is None
    assert "ridge" not in rows


def test_where_the_model_stands_is_said_even_if_it_is_behind() -> None:
    means = {"full": 0.97, "ridge": 0.93}
    study = make_study(("full", "ridge"), contrasts=())
    answer = " ".join(analyse(study, make_records(study, means.__getitem__)).answer)
    assert "full against ridge: behind by 0.0" in answer
    declared = replace(study, contrasts=(Contrast("full", "ridge"),))
    answer = " ".join(analyse(declared, make_records(declared, means.__getitem__)).answer)
    assert "Shown worse with new seeds and for new groups: full - ridge, +0.0" in answer
    assert "against" not in answer, "said once"


def test_configurations_name_their_origin() -> None:
    report = report_of("full", "no_ca")
    origins = {(row.arm, row.cell): row.origin for row in report.section(HyperparametersSection).configurations.rows}
    assert origins["full", "fold 0"] == "own search"
    assert origins["no_ca", "fold 4"] == "inherited from full"
    found = {row.arm: row for row in report.section(HyperparametersSection).configurations.rows if row.cell == "fold 0"}
    assert (found["full"].search_value, found["full"].num_searched) == (pytest.approx(0.91), 2)
    assert found["no_ca"].num_searched == 0
    assert any("favours full" in warning for warning in warnings_of(report))


def test_unequal_budgets_are_said() -> None:
    study = make_study(("full", "no_ca"), scope="per_arm")
    records = [*make_records(study, PLANTED.__getitem__), make_search_record("no_ca", 0, 0, 0.9)]
    assert any("Unequal tuning budgets" in warning for warning in warnings_of(analyse(study, records)))


def test_cost_counts_every_trial_once() -> None:
    study = make_study(("full", "no_ca"))
    records = make_records(study, PLANTED.__getitem__)
    cost = analyse(study, [*records, records[0]]).section(CostSection).cost
    assert {(row.arm, row.stage): row.trials for row in cost.rows} == {
        ("full", "search"): 10,
        ("full", "confirm"): 15,
        ("no_ca", "confirm"): 15,
    }
    assert sum(row.device_s for row in cost.rows) == pytest.approx(40 * 2.5)
    together = analyse(study, [replace(record, workers=3) for record in records]).section(CostSection).cost
    assert sum(row.device_s for row in together.rows) == pytest.approx(3 * 40 * 2.5)


def test_an_arm_missing_in_some_folds_is_said_and_compared_on_the_others() -> None:
    study = make_study(("full", "no_ca"))
    records = [r for r in make_records(study, PLANTED.__getitem__) if not (r.arm == "no_ca" and r.fold in (0, 1))]
    report = analyse(study, records)
    assert any("no_ca lacks 6 planned runs and covers 3 of 5 folds" in warning for warning in warnings_of(report))
    estimates = contrasts_of(report).rows[0].differences["mae"].estimates
    assert estimates is not None
    assert (estimates.rerun.n, estimates.new_data.n) == (9, 3)
    assert len(report.section(FailuresSection).failures.missing) == 6


def test_the_report_does_not_depend_on_the_order_of_records() -> None:
    study = make_study((*TABLE3, "control", "ridge"), contrasts=EDGES)
    records = make_records(study, lambda arm: 0.9)
    shuffled = random.Random(3).sample(records, len(records))
    assert repr(contrasts_of(analyse(study, records))) == repr(contrasts_of(analyse(study, shuffled)))
    assert analyse(study, records).section(CostSection).cost == analyse(study, shuffled).section(CostSection).cost


def test_a_contrast_without_its_arm_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no arm 'nobody'"):
        analyse(make_study(contrasts=(Contrast("full", "nobody"),)), [])


def test_an_unknown_metric_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="metric 'bleu' is unknown to reports"):
        analyse(replace(make_study(), metrics=("mae", "bleu")), [])


def test_null_controls_are_rarely_called_different() -> None:
    study = make_study(("full", "control"), contrasts=(Contrast("full", "control"),))
    num_claims = 0
    for seed in range(40):
        report = analyse(study, make_records(study, lambda arm: 0.9, seed=seed))
        num_claims += contrasts_of(report).rows[0].verdict.kind in ("better", "worse")
    # Forty null comparisons at 5% reject two on average; more than six has a chance below 0.5%.
    assert num_claims <= 6


def test_comparisons_beside_the_family_cost_it_nothing_and_claim_nothing() -> None:
    arms = ("full", "no_ca", "no_homo_gd_heads")
    means = {"full": 0.90, "no_ca": 1.00, "no_homo_gd_heads": 1.20}
    study = make_study(arms, contrasts=(EDGES[1], BESIDE[1]))
    records = make_records(study, means.__getitem__)
    report = analyse(study, records)
    alone = analyse(replace(study, contrasts=(EDGES[1],)), records)
    assert contrasts_of(report).rows == contrasts_of(alone).rows
    (beside,) = contrasts_of(report).undeclared
    assert beside.contrast == BESIDE[1]
    estimates = beside.differences["mae"].estimates
    assert estimates is not None
    assert estimates.value == pytest.approx(-0.3, abs=0.01)
    text = render_markdown(report)
    assert "of 1 declared contrast a difference is shown" in text
    (line,) = [line for line in text.splitlines() if "HomoGD's distillation" in line]
    assert line.startswith("| full - no_homo_gd_heads ")


def test_an_arm_that_keeps_its_heads_is_not_the_row_of_table_3_with_the_same_ticks() -> None:
    study = make_study(("full", "no_hetero_gd", "no_hetero_gd_heads"), contrasts=())
    rows = {row.arm: row.published for row in analyse(study, []).section(AblationSection).arms.ablation.rows}
    assert rows["no_hetero_gd"] is not None
    assert rows["no_hetero_gd"].row == 2
    assert rows["no_hetero_gd_heads"] is None


def test_the_answer_says_how_large_a_claim_is_and_only_counts_what_is_not_shown() -> None:
    study = make_study(tuple(TABLE3), contrasts=EDGES)
    means = dict(zip(TABLE3, (0.90, 0.90, 0.95, 0.95, 0.95, 0.95), strict=True))
    answer = analyse(study, make_records(study, means.__getitem__, run_spread=0.004)).answer
    (better,) = [sentence for sentence in answer if sentence.startswith("Shown better")]
    assert re.search(
        r"CA given HeteroGD \(full - no_ca\), -0\.0[45]\d+ MAE \(± 0\.00\d+ rerun, ± 0\.00\d+ new data\)", better
    )
    (none,) = [sentence for sentence in answer if sentence.startswith("No difference shown")]
    assert "HomoGD; FD" in none
    many = replace(study, contrasts=tuple(replace(EDGES[5], isolates=f"FD {number}") for number in range(8)))
    answer = analyse(many, make_records(study, means.__getitem__, run_spread=0.004)).answer
    assert "No difference shown: 8 contrasts, named below." in answer


def test_arms_that_lack_the_same_are_named_together() -> None:
    study = make_study(("full", "no_ca", "plain"))
    records = [r for r in make_records(study, lambda arm: 0.9) if r.arm == "full" or r.fold != 2]
    warnings = warnings_of(analyse(study, records))
    assert sum("no_ca; plain each lack 3 planned runs and cover 4 of 5 folds" in warning for warning in warnings) == 1


def test_two_arms_that_failed_wholly_are_not_compared() -> None:
    study = make_study(("full", "no_ca", "ridge"), contrasts=(Contrast("full", "no_ca"), Contrast("full", "ridge")))
    records = [
        failed(record) if record.stage == "confirm" and record.arm != "ridge" else record
        for record in make_records(study, PLANTED.__getitem__)
    ]
    report = analyse(study, records)
    both, one = contrasts_of(report).rows
    # Both would score as the same fallback: a difference of exactly nothing, without any spread.
    assert both.verdict.kind == "too few to say"
    assert both.differences["mae"].estimates is None
    assert report.section(PowerSection).values.rows[0].detectable.rerun is None
    assert one.differences["mae"].estimates is not None, "against an arm that ran, failing counts"
