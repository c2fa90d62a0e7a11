"""The race of a study, replayed from its records: looks, outcomes, and what the report claims from them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.output.write import write_report
from reports.records.run_record import RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.results.tabulate import tabulate_results
from reports.sections.seed_race.values import RaceTable, run_race
from tests.reports.example_studies import contrasts_of, failed, make_record, make_study

LOOKS = (5, 8, 12, 16, 20)
SEEDS = tuple(range(1, 21))
ARMS = ("full", "no_ca", "no_hetero_gd", "control")
CONTRASTS = (Contrast("full", "no_ca", "CA"), Contrast("full", "no_hetero_gd", "HeteroGD"))


def raced_study(contrasts: tuple[Contrast, ...] = CONTRASTS, smallest_effect: float = 0.03) -> StudyDescription:
    """Three arms and a control; five seeds are certain, twenty possible."""
    study = make_study(ARMS, contrasts, seeds=SEEDS[:5], folds=(None,))
    racing = {"looks": list(LOOKS), "smallest_effect": smallest_effect}
    return replace(study, confirm={"seeds": list(SEEDS), "top": 1, "racing": racing})


def records_of(num_seeds: dict[str, int], shift: dict[str, float], spread: float = 0.02) -> list[RunRecord]:
    """Runs of every arm around 0.9 plus its shift; the control has seeds of its own."""
    noise = np.random.default_rng(4).normal(0, spread, (len(ARMS), 20))
    return [
        make_record(arm, seed + (100 if arm == "control" else 0), None, 0.9 + shift.get(arm, 0) + noise[place, number])
        for place, arm in enumerate(ARMS)
        for number, seed in enumerate(SEEDS[: num_seeds.get(arm, 5)])
    ]


def race_of(study: StudyDescription, records: list[RunRecord]) -> RaceTable:
    race = run_race(study, tabulate_results(study, records))
    assert race is not None
    return race


def everywhere(number: int) -> dict[str, int]:
    return dict.fromkeys(ARMS, number)


def test_a_race_waits_for_its_first_look() -> None:
    race = race_of(raced_study(), records_of({**everywhere(5), "no_ca": 4}, {}))
    assert race.num_looks == 0
    assert {row.outcome for row in race.rows} == {"open"}
    assert race.racing_arms == {"full", "no_ca", "no_hetero_gd"}, "the control is in no contrast"


def test_a_large_difference_is_shown_and_a_nil_one_given_up() -> None:
    records = records_of(everywhere(12), {"no_ca": 0.3})
    race = race_of(raced_study(smallest_effect=0.015), records)
    shown, nil = race.rows
    assert (shown.outcome, nil.outcome) == ("shown", "given up")
    assert shown.decided_at in (5, 8)
    assert nil.decided_at is not None
    assert race.racing_arms == set()
    assert race.num_runs == len(records)
    assert race.num_possible == 4 * 20


def test_a_decided_arm_needs_no_more_seeds_and_the_other_contrast_goes_on() -> None:
    shift = {"no_ca": 0.3, "no_hetero_gd": 0.02}
    first = race_of(raced_study(), records_of(everywhere(8), shift))
    assert [row.outcome for row in first.rows] == ["shown", "open"]
    assert first.racing_arms == {"full", "no_hetero_gd"}
    later = race_of(raced_study(), records_of({"full": 20, "no_hetero_gd": 20, "no_ca": 8, "control": 5}, shift))
    assert later.num_looks == 5
    assert later.rows[0].outcome == "shown"
    assert [look.num_seeds for look in later.rows[0].looks] == [5, 8]
    assert later.rows[1].outcome in ("shown", "not shown")


def test_the_order_of_records_does_not_matter() -> None:
    records = records_of(everywhere(12), {"no_ca": 0.05})
    shuffled = random.Random(0).sample(records, len(records))
    assert race_of(raced_study(), shuffled) == race_of(raced_study(), records)


def test_a_contrast_with_a_control_is_raced_without_pairs() -> None:
    study = raced_study((Contrast("full", "control"),))
    race = race_of(study, records_of(everywhere(12), {}))
    assert race.num_looks >= 1
    assert race.rows[0].looks[0].estimate.n == 10, "five runs of each arm"


def test_failed_runs_take_part_as_the_median_predictor() -> None:
    records = [failed(record) if record.arm == "no_ca" else record for record in records_of(everywhere(8), {})]
    records = [
        replace(record, fallback_test={"mae": 1.4, "acc7": 0.1, "f1_non0": 0.4, "corr": 0}) for record in records
    ]
    race = race_of(raced_study(), records)
    assert race.rows[0].looks[0].estimate.value == pytest.approx(0.9 - 1.4, abs=0.05)
    assert race.rows[0].outcome == "shown"


def test_claims_allow_for_the_looks() -> None:
    study = raced_study(smallest_effect=0.015)
    records = records_of({**everywhere(20), "control": 5}, {"no_ca": 0.015})
    fixed = replace(study, confirm={"seeds": list(SEEDS), "top": 1})
    raced, plain = analyse(study, records), analyse(fixed, records)
    for one, other in zip(contrasts_of(raced).rows, contrasts_of(plain).rows, strict=True):
        adjusted, naive = one.differences["mae"].estimates, other.differences["mae"].estimates
        assert adjusted is not None
        assert naive is not None
        assert adjusted.value == naive.value
        assert (adjusted.rerun.half_width or 0) > (naive.rerun.half_width or 0)
        assert (adjusted.rerun.p_value or 0) > (naive.rerun.p_value or 0)
        assert adjusted.new_data == naive.new_data
        assert one.differences["corr"] == other.differences["corr"], "only the primary metric is claimed on"
        assert one.p_values.rerun == adjusted.rerun.p_value


def test_a_study_cut_between_looks_is_one_more_look() -> None:
    study = raced_study(smallest_effect=0.015)
    at_look = (
        contrasts_of(analyse(study, records_of(everywhere(12), {"no_ca": 0.015}))).rows[0].differences["mae"].estimates
    )
    cut = (
        contrasts_of(analyse(study, records_of(everywhere(14), {"no_ca": 0.015}))).rows[0].differences["mae"].estimates
    )
    plain = analyse(replace(study, confirm={"seeds": list(SEEDS)}), records_of(everywhere(14), {"no_ca": 0.015}))
    naive = contrasts_of(plain).rows[0].differences["mae"].estimates
    assert at_look is not None
    assert cut is not None
    assert naive is not None
    assert (cut.rerun.n, naive.rerun.n) == (14, 14)
    assert (cut.rerun.half_width or 0) > (naive.rerun.half_width or 0)


def test_the_report_says_that_seeds_were_raced_and_shows_the_looks(tmp_path: Path) -> None:
    study = raced_study(smallest_effect=0.015)
    text = write_report(study, records_of(everywhere(12), {"no_ca": 0.3}), tmp_path).read_text()
    assert "## Confirmation by racing" in text
    assert "interim analyses at 5, 8, 12, 16, 20 per arm" in text
    assert "a difference of 0.015 MAE by the last analysis" in text
    assert "shown at" in text
    assert "stopped for futility at" in text
    assert "The race ended early" not in text
    rows = (tmp_path / "tables" / "race.csv").read_text().splitlines()
    assert rows[0].startswith("first,second,seeds,difference")
    assert rows[1].startswith("full,no_ca,5,")
    early = write_report(study, records_of(everywhere(5), {"no_hetero_gd": 0.02}), tmp_path).read_text()
    assert "The race ended early, after 1 of 5 interim analyses; undecided: full - no_hetero_gd." in early


def test_the_report_says_how_many_contrasts_a_race_left_open() -> None:
    """After twelve seeds a large difference is shown; a nil one is given up if 0.015 matters, not if 0.03 does."""
    records = records_of(everywhere(12), {"no_ca": 0.3})
    for smallest_effect, told in ((0.03, "1 of 2 had not been decided when the runs ended."), (0.015, "")):
        text = render_markdown(analyse(raced_study(smallest_effect=smallest_effect), records))
        assert ("had not been decided" in text) is bool(told)
        assert told in text
        assert "(at most 20 per arm)" in text


def test_a_fixed_number_of_seeds_has_no_race(tmp_path: Path) -> None:
    study = make_study(("full", "no_ca"))
    assert run_race(study, tabulate_results(study, [])) is None
    assert "racing" not in write_report(study, [], tmp_path).read_text()
