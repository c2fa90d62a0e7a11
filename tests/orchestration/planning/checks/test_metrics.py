"""Labels on one side of the neutral point: no Acc-2, no F1, a line that says why, and no claim made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.summary import DryRun
from orchestration.process.errors import UsageError
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from tests.orchestration.short_studies import make_arrays, prepare_text, run_study
from tests.reports.example_studies import contrasts_of

SPACE = """\
study: one-sided
data: {{path: {path}}}
model: {{name: ridge}}
arms: {{models: [median]}}
primary: test/mae
confirm: {{seeds: 3, details: false}}
"""
SEARCH = """\
search:
  parameters: {strongest: {log_uniform: [1, 100]}}
  objective: [valid/f1_has0, parameters, valid/acc2_non0]
"""
WHY = "no label of the file lies below the neutral point 0 (they go from 0 to 1)"


@pytest.fixture
def space(tmp_path: Path) -> str:
    """Half of the labels are 0 and half 1, as of UR-FUNNY, on the scale from -3 to 3; the text tells them apart."""
    labels = {name: np.arange(n) % 2.0 for name, n in (("train", 60), ("valid", 20), ("test", 40))}
    np.savez(tmp_path / "data.npz", **make_arrays(labels, signal=3.0), label_scale=np.array([-3.0, 3.0, 0.0]))
    return SPACE.format(path=tmp_path / "data.npz")


def test_records_and_report_have_no_such_score_and_say_why(space: str) -> None:
    study, records = run_study(prepare_text(space))
    for record in records:
        assert record.test is not None
        assert record.fallback_test is not None
        assert record.fallback_value == 0.5
        for scores in (record.valid, record.test, record.fallback_test):
            assert set(scores) == {"mae", "corr", "acc7", "acc5"}
    report = analyse(study, records)
    (row,) = contrasts_of(report).rows
    assert row.verdict.kind == "better"
    assert f"- Acc-2 and F1 are not scored: {WHY}, so" in render_markdown(report)


def test_a_dry_run_says_so(space: str) -> None:
    planned = prepare_text(space).planned
    text = DryRun(planned, estimate_study(planned, Capacity(1))).as_text()
    assert f"caution: Acc-2 and F1 are not scored: {WHY}" in text


def test_asking_for_one_is_refused_at_every_place_before_anything_starts(space: str) -> None:
    with pytest.raises(UsageError) as refused:
        prepare_text(space.replace("test/mae", "test/acc2_has0") + SEARCH)
    choice = "mae, {0}corr, {0}acc7, {0}acc5"
    assert str(refused.value).splitlines() == [
        f"primary: test/acc2_has0 cannot be scored on data.npz: {WHY}; take one of test/{choice.format('test/')}",
        f"search.objective: valid/f1_has0 cannot be scored on data.npz: {WHY}; take one of valid/"
        f"{choice.format('valid/')}",
        f"search.objective: valid/acc2_non0 cannot be scored on data.npz: {WHY}; take one of valid/"
        f"{choice.format('valid/')}",
    ]


def test_so_is_a_metric_of_another_scale(space: str) -> None:
    scale = space.replace(".npz}", ".npz, label_scale: {low: 0, high: 1, neutral: 0.5}}")
    with pytest.raises(UsageError, match=r"primary: test/acc7 .* not defined on the label scale \[0, 1\] around 0.5"):
        prepare_text(scale.replace("test/mae", "test/acc7"))
    assert prepare_text(scale.replace("test/mae", "test/acc2_non0")).planned.scoring.remark == ""
