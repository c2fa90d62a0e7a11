"""Cost: what is counted as an epoch."""

from __future__ import annotations

from dataclasses import replace

from reports.analysis import analyse
from reports.sections.run_log.section import CostSection
from reports.sections.run_log.text import cost_grid
from reports.text.rounding import ABSENT
from tests.reports.example_studies import make_record, make_study


def test_rounds_of_a_method_without_gradients_are_no_epochs() -> None:
    study = make_study(("full", "path"), seeds=(1,), folds=(0,))
    full, path = study.arms
    study = replace(study, arms=(full, replace(path, facts={"num_parameters": 0})))
    records = [replace(make_record(arm, 1, 0, 0.9), num_epochs=13) for arm in ("full", "path")]
    report = analyse(study, records)
    assert [(row.arm, row.epochs) for row in report.section(CostSection).cost.rows] == [("full", 13), ("path", None)]
    grid = cost_grid(report.section(CostSection).cost)
    assert grid is not None
    at = grid.headings.index("epochs")
    assert [row[at] for row in grid.rows] == ["13", ABSENT, "13"]
