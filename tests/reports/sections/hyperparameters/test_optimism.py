"""Two gaps kept apart: what selection promised too much, and what the test part took away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reports.analysis import analyse
from reports.records.run_record import RunRecord
from reports.sections.hyperparameters.csv import hyperparameter_tables
from reports.sections.hyperparameters.optimism import Optimism
from reports.sections.hyperparameters.section import HyperparametersSection
from tests.reports.example_studies import failed, make_record, make_search_record
from tests.reports.sections.hyperparameters.example_searches import make_search_study


def records_of(valid: dict[int, list[float]], test: dict[int, list[float]], best: dict[int, float]) -> list[RunRecord]:
    records = []
    for fold, value in best.items():
        chosen = make_search_record("full", fold, 0, 0.0, parameters={"alpha": 0.5})
        other = make_search_record("full", fold, 1, 0.0, parameters={"alpha": 0.9})
        records += [replace(chosen, valid={"mae": value}), replace(other, valid={"mae": value + 1})]
    for fold, values in valid.items():
        for seed, value in enumerate(values, start=1):
            run = make_record("full", seed, fold, test[fold][seed - 1], parameters={"alpha": 0.5})
            records.append(replace(run, valid={"mae": value}))
    return records


def optimism_of(records: list[RunRecord], **search: object) -> Optimism:
    study = make_search_study({"alpha": {"uniform": [0.0, 1.0]}}, folds=(0, 1), **search)
    return analyse(study, records).section(HyperparametersSection).values.optimism


VALID = {0: [1.0, 1.2], 1: [2.0, 2.4]}
TEST = {0: [1.3, 1.5], 1: [2.2, 2.6]}


def test_both_gaps_by_hand() -> None:
    found = optimism_of(records_of(VALID, TEST, {0: 0.9, 1: 2.1}))
    (row,) = found.search
    # Fresh seeds 1.1 and 2.2 against 0.9 and 2.1: lost 0.2 and 0.1; within-cell squares .02 + .08 on 2 degrees.
    assert (row.searched, row.confirmed, row.rerun.value) == pytest.approx((1.5, 1.65, 0.15))
    assert row.rerun.half_width == pytest.approx(stats.t.ppf(0.975, 2) * np.sqrt(0.05 * (1 / 2 + 1 / 2)) / 2)
    # Over the two searches: variance of (.2, .1) is .005, times 1/2 + 100/300.
    assert row.new_data.half_width == pytest.approx(stats.t.ppf(0.975, 1) * np.sqrt(0.005 * (1 / 2 + 1 / 3)))
    assert (row.num_cells, row.num_searched, row.rerun.n) == (2, 4, 4)
    (gap,) = found.valid_test
    assert (gap.valid, gap.test, gap.rerun.value, gap.rerun.n) == pytest.approx((1.65, 1.9, 0.25, 4))
    # Within runs the gap is .3, .3 and .2, .2: it does not vary between seeds.
    assert gap.rerun.half_width == pytest.approx(0)


def test_lost_is_positive_also_where_higher_is_better() -> None:
    records = [
        replace(r, valid={"acc7": 1 - r.valid["mae"] / 4}, test=None if r.test is None else {**r.test, "acc7": 0.1})
        for r in records_of(VALID, TEST, {0: 0.9, 1: 2.1})
    ]
    found = optimism_of(records, objective="valid/acc7")
    assert found.search[0].rerun.value == pytest.approx(100 * 0.15 / 4)
    assert found.valid_test[0].rerun.value > 0


def test_a_failed_run_has_no_gap_and_an_inherited_configuration_was_promised_nothing() -> None:
    records = records_of(VALID, TEST, {0: 0.9, 1: 2.1})
    records[-1] = failed(records[-1])
    (row,) = optimism_of(records).search
    assert row.rerun.n == 3
    heirs = [replace(r, arm="no_ca", trial_id="heir" + r.trial_id) for r in records if r.stage == "confirm"]
    study = make_search_study({"alpha": {"uniform": [0.0, 1.0]}}, arms=("full", "no_ca"), folds=(0, 1))
    optimism = analyse(study, [*records, *heirs]).section(HyperparametersSection).values.optimism
    assert [row.arm for row in optimism.search] == ["full"]
    assert [gap.arm for gap in optimism.valid_test] == ["full", "no_ca"]


def test_the_gap_to_the_test_part_has_no_interval_over_folds_that_differ_in_difficulty() -> None:
    study = make_search_study({"alpha": {"uniform": [0.0, 1.0]}}, folds=(0, 1))
    report = analyse(study, records_of(VALID, TEST, {0: 0.9, 1: 2.1}))
    section = report.section(HyperparametersSection).grids
    assert section.optimism is not None
    assert section.valid_test is not None
    assert "new data 95%" in section.optimism.headings
    assert section.valid_test.headings[-2:] == ("lost", "rerun 95%")
    (table,) = (
        table
        for table in hyperparameter_tables(report.section(HyperparametersSection).values)
        if table.name == "optimism"
    )
    by_gap = {row[1]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert by_gap["search"]["new_data_low"] is not None
    assert (by_gap["valid to test"]["new_data_low"], by_gap["valid to test"]["new_data_high"]) == (None, None)
    assert by_gap["valid to test"]["rerun_low"] is not None
