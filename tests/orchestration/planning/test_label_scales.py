"""The same data on scales with different neutral points: the same study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reports.analysis import analyse
from reports.report import Report
from reports.results.estimates import EstimatePair
from reports.sections.ablation.section import ContrastsSection, MethodsSection
from tests.orchestration.short_studies import make_arrays, prepare_text, run_study

SPACE = """\
study: scales
data: {{path: {path}{folds}, label_scale: {{low: {low}, high: {high}, neutral: {neutral}}}}}
model: {{name: ridge}}
arms: {{models: [median]}}
primary: test/acc2_non0
confirm: {{seeds: 3, details: false}}
"""
FOLDS = ", folds: {by: video, k: 3}"


def report_of(folder: Path, by: int, folds: str) -> Report:
    random = np.random.default_rng(5)
    labels = {name: random.integers(-3, 4, n).astype(float) for name, n in (("train", 96), ("valid", 24), ("test", 64))}
    arrays = make_arrays(labels)
    for name in labels:
        arrays[f"{name}/labels"] = arrays[f"{name}/labels"] + by
    path = folder / f"by{by}.npz"
    np.savez(path, **arrays)
    space = SPACE.format(path=path, folds=folds, low=by - 3, high=by + 3, neutral=by)
    return analyse(*run_study(prepare_text(space)))


def described(estimates: EstimatePair | None) -> tuple[object, ...]:
    assert estimates is not None
    both = (estimates.rerun, estimates.new_data)
    assert all(estimate.low is not None for estimate in both)
    return tuple(
        value
        for found in both
        # Ridge predicts in float32, which is coarser farther from zero.
        for value in (found.n, *(pytest.approx(number, abs=2e-5) for number in (found.value, found.low, found.high)))
    )


@pytest.mark.parametrize("folds", ["", FOLDS], ids=["official split", "folds"])
def test_the_neutral_point_changes_no_number_and_no_verdict(tmp_path: Path, folds: str) -> None:
    plain, moved = report_of(tmp_path, 0, folds), report_of(tmp_path, 3, folds)
    assert plain.metrics == moved.metrics
    methods, methods_moved = (report.section(MethodsSection).models for report in (plain, moved))
    for one, other in zip(methods, methods_moved, strict=True):
        for name, measured in one.row.measured.items():
            assert described(measured.estimates) == described(other.row.measured[name].estimates), name
    (one_row,), (other_row,) = (report.section(ContrastsSection).table.rows for report in (plain, moved))
    assert one_row.verdict == other_row.verdict
    assert one_row.verdict.kind == "better"
