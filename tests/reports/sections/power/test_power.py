"""What a study could have seen: sizes that shrink with more runs, and sentences that follow from the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.study_description import Contrast
from reports.results.estimates import EstimatePair
from reports.results.metrics import METRICS
from reports.sections.power.section import PowerSection
from reports.sections.power.sentences import describe_test_set_use, floor_sentence, power_sentence, published_sentence
from reports.sections.power.values import ContrastPower, Detection, detectable_of
from reports.statistics.estimate import t_estimate, undefined
from tests.reports.example_studies import make_record, make_records, make_study

MAE, ACC7 = METRICS["mae"], METRICS["acc7"]
PAIR = Contrast("full", "no_ca", "CA")


def estimates_of(value: float, rerun_error: float = 0.01, new_data_error: float = 0.03) -> EstimatePair:
    return EstimatePair(
        t_estimate(value, rerun_error, 10, 15, "rerun", "t"), t_estimate(value, new_data_error, 30, 31, "new data", "t")
    )


def detection_of(*arms: str, **options: object) -> Detection:
    study = make_study(arms, **options)  # type: ignore[arg-type]
    return analyse(study, make_records(study, lambda arm: 0.9)).section(PowerSection).values


def test_what_can_be_shown_shrinks_with_seeds_and_grows_with_the_family() -> None:
    few, many = (detection_of("full", "no_ca", seeds=range(n)).rows[0].detectable.rerun for n in (3, 12))
    assert few is not None
    assert many is not None
    # Twice as precise, and more sure of it; both spreads are estimates.
    assert many < 0.75 * few
    alone, among = (detectable_of(estimates_of(0.0), family) for family in (1, 6))
    assert alone.rerun is not None
    assert among.rerun is not None
    assert alone.rerun < among.rerun


def test_new_groups_need_both_questions() -> None:
    detectable = detectable_of(estimates_of(0.0, rerun_error=0.05, new_data_error=0.05), 1)
    # Fewer degrees of freedom make the rerun question the harder one here.
    assert detectable.new_data == detectable.rerun
    refused = EstimatePair(estimates_of(0.0).rerun, undefined(0.0, 1, "new data", "one fold only"))
    assert detectable_of(refused, 1).new_data is None


def test_the_sentence_says_what_could_be_seen_what_was_and_what_is_excluded() -> None:
    # t(0.975, 10) = 2.228, so -0.002 to +0.042 under reruns: ahead by 0.002, behind by 0.042 at most.
    row = ContrastPower(PAIR, detectable_of(estimates_of(0.020), 1), None, ())
    text = power_sentence(row, MAE, "videos")
    assert "could have shown 0.031 MAE on these data and 0.087 MAE for new videos; saw +0.020." in text
    assert "Excluded on these data: an advantage above 0.002, a disadvantage above 0.042." in text
    better = power_sentence(replace(row, detectable=detectable_of(estimates_of(-0.20), 1)), MAE, "videos")
    assert "any disadvantage of full" in better
    other_way = power_sentence(replace(row, detectable=detectable_of(estimates_of(20.0, 1.0, 1.0), 1)), ACC7, "videos")
    assert "any disadvantage of full" in other_way


@pytest.mark.parametrize(
    ("rerun", "words"),
    [
        (undefined(0.1, 5, "rerun", "one run per fold: run-to-run spread unknown"), "one run per fold"),
        (t_estimate(0.1, 0.1, 1, 2, "rerun", "t"), "2 pairs of runs are too few"),
    ],
)
def test_too_few_runs_are_refused_in_words(rerun: object, words: str) -> None:
    detectable = detectable_of(EstimatePair(rerun, estimates_of(0.1).new_data), 1)  # type: ignore[arg-type]
    assert (detectable.rerun, detectable.new_data) == (None, None)
    assert words in power_sentence(ContrastPower(PAIR, detectable, None, ()), MAE, "videos")
    assert "no pair of runs" in power_sentence(ContrastPower(PAIR, detectable_of(None, 1), None, ()), MAE, "videos")


@pytest.mark.parametrize(
    ("seen", "error", "words"),
    [
        (0.0, 4.0, "neither shown nor excluded"),
        (0.0, 0.5, "is excluded"),
        (3.0, 0.5, "of a size that agrees with it"),
    ],
)
def test_the_papers_difference_is_settled_only_as_far_as_the_interval_goes(
    seen: float, error: float, words: str
) -> None:
    study = make_study(("full", "no_hetero_gd"))
    row = analyse(study, make_records(study, lambda arm: 0.9)).section(PowerSection).values.rows[0]
    gap = next(gap for gap in row.published if gap.metric.name == "acc7")
    assert gap.rows == (1, 2)
    assert gap.value == pytest.approx(41.9 - 38.8)
    text = published_sentence(row, replace(gap, detectable=detectable_of(estimates_of(seen, 0.1, error), 1)), "videos")
    assert "prints +3.1 points of Acc-7" in text
    assert words in text


def test_data_that_are_not_the_papers_are_not_held_against_it() -> None:
    study = make_study(("full", "no_hetero_gd"))
    study = replace(study, data={**study.data, "name": "planted"})
    assert analyse(study, make_records(study, lambda arm: 0.9)).section(PowerSection).values.rows[0].published == ()


def test_a_control_shows_the_noise_floor() -> None:
    section = detection_of("full", "no_ca", "control")
    assert [floor.arm for floor in section.floors] == ["control"]
    floor = section.floors[0]
    assert floor.estimates.rerun.n == 30
    assert floor.estimates.rerun.p_value is None
    small = ContrastPower(PAIR, detectable_of(estimates_of(floor.estimates.value / 2), 1), None, ())
    large = ContrastPower(PAIR, detectable_of(estimates_of(floor.estimates.value * 2), 1), None, ())
    assert "No larger than that: CA (full - no_ca)" in floor_sentence(floor, [small, large], MAE)
    assert "Every declared contrast is larger" in floor_sentence(floor, [large], MAE)


def test_every_configuration_that_was_scored_is_counted() -> None:
    study = replace(make_study(("full",)), scored_before={"older": 7})
    records = make_records(study, lambda arm: 0.9)
    records.append(make_record("full", 9, 2, 0.9, configuration_id="other", valid={"mae": 2.0}))
    test_set_use = analyse(study, records).section(PowerSection).values.test_set_use
    assert (test_set_use.here, test_set_use.before) == (2, {"older": 7})
    assert "7 configurations of other studies" in describe_test_set_use(test_set_use)
    assert "older 7" in render_markdown(analyse(study, records))
