"""The answer begins with what limits it: arms that did not learn, failures, few runs; a sound study says that, too."""

from __future__ import annotations

from dataclasses import replace

from reports.analysis import analyse
from reports.records.study_description import Contrast
from tests.reports.example_studies import failed, make_records, make_search_record, make_study

LEARNED = {"full": 0.9, "no_ca": 0.95, "ridge": 0.93}
"""The constant predictor of these studies scores 1.4."""


def test_a_sound_study_says_so_first() -> None:
    study = make_study(tuple(LEARNED), seeds=(1, 2, 3, 4, 5), contrasts=(Contrast("full", "no_ca", "CA"),))
    first, extent, *_ = analyse(study, make_records(study, LEARNED.__getitem__)).answer
    assert first == f"All 3 arms are shown better than the {study.target.constant_predictor}."
    assert "only" not in extent.partition(";")[0]


def test_an_arm_outside_of_every_contrast_that_did_not_learn_stands_before_all_else() -> None:
    study = make_study(tuple(LEARNED), contrasts=(Contrast("full", "no_ca", "CA"),))
    answer = analyse(study, make_records(study, {**LEARNED, "ridge": 1.6}.__getitem__)).answer
    assert answer[0].startswith(f"Not shown better than the {study.target.constant_predictor}: ridge (1.6")
    assert "a difference is shown for both questions" in answer[2]
    assert not any(sentence.startswith("All ") for sentence in answer)


def test_failures_of_both_stages_and_few_runs_stand_in_the_extent() -> None:
    study = make_study(tuple(LEARNED), seeds=(1, 2, 3))
    records = make_records(study, LEARNED.__getitem__)
    records[0] = failed(records[0])
    records.append(replace(failed(make_search_record("full", 0, 99, 1.0)), stage="search"))
    (extent,) = [sentence for sentence in analyse(study, records).answer if "confirm runs completed" in sentence]
    assert ", 1 failed; 1 search trial failed, only 3 per arm" in extent
