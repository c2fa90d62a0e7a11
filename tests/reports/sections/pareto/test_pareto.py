"""Fronts of searches over several objectives: what is on them, and how the report shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from reports.output.write import write_report
from reports.records.run_record import RunRecord
from reports.records.study_description import StudyDescription
from reports.sections.pareto.values import find_front, is_higher_better, tabulate_fronts
from tests.reports.example_studies import failed, make_search_record, make_study

TRIALS = [(0.9, 100), (0.8, 400), (0.85, 300), (0.85, 350), (0.95, 90), (0.99, 500), (0.8, 400)]


def study_of(*objectives: str) -> StudyDescription:
    study = make_study(("full", "no_ca"), folds=(None,))
    return replace(study, search={**study.search, "objectives": list(objectives)})


def records_of(arm: str = "full") -> list[RunRecord]:
    return [
        make_search_record(
            arm, None, number, 0.0, valid={"mae": mae, "corr": 1 - mae}, num_parameters=size, duration_s=size / 10
        )
        for number, (mae, size) in enumerate(TRIALS)
    ]


def test_a_front_by_hand() -> None:
    front = find_front(np.array(TRIALS, dtype=np.float64))
    assert front.tolist() == [True, True, True, False, True, False, True]


def test_a_front_against_its_definition() -> None:
    values = np.random.default_rng(0).integers(0, 6, (80, 3)).astype(np.float64)
    beaten = [any((other <= row).all() and (other < row).any() for other in values) for row in values]
    assert find_front(values).tolist() == [not is_beaten for is_beaten in beaten]


def test_fronts_are_per_arm_and_best_first() -> None:
    table = tabulate_fronts(study_of("valid/mae", "parameters"), [*records_of(), *records_of("no_ca")])
    assert table is not None
    assert [front.arm for front in table.fronts] == ["full", "no_ca"]
    front = table.fronts[0]
    assert [point.values for point in front.points] == [(0.8, 400), (0.8, 400), (0.85, 300), (0.9, 100), (0.95, 90)]
    assert front.beaten.tolist() == [[0.85, 350.0], [0.99, 500.0]]


def test_directions_follow_the_objective() -> None:
    assert is_higher_better("valid/corr")
    assert not is_higher_better("valid/mae")
    assert not is_higher_better("parameters")
    table = tabulate_fronts(study_of("valid/corr", "device_seconds"), records_of())
    assert table is not None
    assert table.fronts[0].points[0].values == (1 - 0.8, 40.0)


def test_failed_trials_and_confirm_trials_are_on_no_front() -> None:
    records = [failed(records_of()[0]), replace(records_of()[1], stage="confirm"), *records_of()[2:4]]
    table = tabulate_fronts(study_of("valid/mae", "parameters"), records)
    assert table is not None
    assert [point.values for point in table.fronts[0].points] == [(0.85, 300)]


def test_the_report_shows_the_front_and_says_what_it_is(tmp_path: Path) -> None:
    text = write_report(study_of("valid/mae", "parameters"), records_of(), tmp_path).read_text()
    assert "### Trade-offs" in text
    assert "`full`: 5 of 7 completed trials." in text
    assert "0.850" in text
    assert (tmp_path / "figures" / "pareto.svg").exists()
    rows = (tmp_path / "tables" / "pareto.csv").read_text().splitlines()
    assert rows[0] == "arm,cell,trial_id,valid/mae,parameters,gamma"
    assert len(rows) == 1 + 5


def test_one_objective_has_no_front(tmp_path: Path) -> None:
    text = write_report(make_study(("full", "no_ca")), records_of(), tmp_path).read_text()
    assert "Trade-offs" not in text
    assert not (tmp_path / "figures" / "pareto.svg").exists()
