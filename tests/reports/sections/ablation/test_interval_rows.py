"""The interval figures show what the tables say: same values, same intervals, every arm once."""

from __future__ import annotations

import numpy as np
import pytest

from reports.analysis import analyse
from reports.report import Report
from reports.sections.ablation.interval_rows import ArmMark, ContrastMark, arm_marks, contrast_marks
from tests.reports.example_studies import EDGES, TABLE3, contrasts_of, failed, make_records, make_study

MEANS = dict(zip((*TABLE3, "control", "ridge"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.9, 0.93), strict=True))


def contrasts_drawn(report: Report) -> tuple[ContrastMark, ...]:
    return contrast_marks(contrasts_of(report).rows, report.primary)


def arms_drawn(report: Report) -> tuple[ArmMark, ...]:
    return arm_marks(report.arms.values(), report.primary, report.study.baseline)


def test_every_contrast_has_the_difference_and_both_intervals() -> None:
    study = make_study(tuple(MEANS), contrasts=EDGES)
    report = analyse(study, make_records(study, MEANS.__getitem__, run_spread=0.001))
    marks = contrasts_drawn(report)
    assert [mark.row.label for mark in marks] == [edge.isolates for edge in EDGES]
    assert marks[1].pair == "full - no_ca"
    assert marks[1].row.value == pytest.approx(0.90 - 0.95, abs=0.002)
    for mark, row in zip(marks, contrasts_of(report).rows, strict=True):
        estimates = row.differences["mae"].estimates
        assert estimates is not None
        assert mark.row.rerun == (estimates.rerun.low, estimates.rerun.high)
        assert mark.row.new_data == (estimates.new_data.low, estimates.new_data.high)
        assert mark.row.n == 15
        assert mark.kind == row.verdict.kind
    assert marks[1].kind == "better"
    assert marks[1].row.text == "-0.0510 (± 0.0009, ± 0.0015)"


def test_every_arm_is_there_once_with_its_components() -> None:
    study = make_study(tuple(MEANS), contrasts=EDGES)
    marks = arms_drawn(analyse(study, make_records(study, MEANS.__getitem__)))
    assert sorted(mark.row.label for mark in marks) == sorted([*TABLE3, "full (other seeds)", "ridge"])
    assert [mark.row.label for mark in marks if mark.is_baseline] == ["full"]
    by_label = {mark.row.label: mark for mark in marks}
    assert dict(by_label["no_ca"].components) == {"fd": True, "homo_gd": True, "ca": False, "hetero_gd": True}
    assert dict(by_label["ridge"].components) == {}


def test_what_is_undefined_stays_absent() -> None:
    study = make_study(seeds=(1,))
    records = [record for record in make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__) if record.fold == 0]
    report = analyse(study, [record for record in records if record.arm == "full"])
    (contrast,) = contrasts_drawn(report)
    assert (contrast.row.value, contrast.row.rerun, contrast.row.new_data, contrast.row.n) == (None, None, None, 0)
    assert contrast.row.text == "no runs"
    full, no_ca = arms_drawn(report)
    assert full.row.value is not None
    assert np.isfinite(full.row.value)
    assert (full.row.rerun, full.row.new_data) == (None, None)
    assert no_ca.row.value is None


def test_a_failed_run_counts_as_the_tables_count_it() -> None:
    study = make_study()
    records = make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__)
    place = next(place for place, record in enumerate(records) if record.arm == "no_ca")
    records[place] = failed(records[place])
    mark = arms_drawn(analyse(study, records))[1]
    assert mark.row.n == 15
    assert mark.row.value == pytest.approx(0.95 + (1.4 - 0.95) / 15, abs=0.02)
