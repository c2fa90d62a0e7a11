"""The file's own split shares its groups: said before and after, and no claim is made of new ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.summary import DryRun
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.report import Report
from reports.sections.ablation.section import MethodsSection
from tests.orchestration.short_studies import make_arrays, prepare_text, run_study
from tests.reports.example_studies import contrasts_of

SPACE = """\
study: shared
data: {{path: {path}{folds}}}
model: {{name: ridge}}
arms: {{models: [median]}}
confirm: {{seeds: 3, details: false}}
"""
SAID = (
    "4 of 35 videos lie in more than one split of the file, 3 of 10 in the test part: scores there are of videos that "
    "training has seen, so nothing is claimed of new ones; `data.folds: {by: video}` keeps videos together."
)
WHY = "3 of 10 tested videos lie in the training or validation part, too"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """35 videos of 4 clips; 3 of the test part lie in training or validation, too, one of validation in training."""
    random = np.random.default_rng(2)
    labels = {name: random.integers(-3, 4, n).astype(float) for name, n in (("train", 96), ("valid", 20), ("test", 40))}
    arrays = make_arrays(labels)
    for split, video, other in (
        ("test", 0, "train0"),
        ("test", 1, "train1"),
        ("test", 2, "valid0"),
        ("valid", 1, "train5"),
    ):
        rows = slice(4 * video, 4 * video + 4)
        arrays[f"{split}/id"][rows] = [f"{other}$_${10 + row}" for row in range(4)]
    path = tmp_path_factory.mktemp("shared") / "data.npz"
    np.savez(path, **arrays)
    return path


def report_of(file: Path, folds: str = "") -> Report:
    return analyse(*run_study(prepare_text(SPACE.format(path=file, folds=folds))))


def test_a_dry_run_says_so(file: Path) -> None:
    planned = prepare_text(SPACE.format(path=file, folds="")).planned
    assert f"caution: {SAID}" in DryRun(planned, estimate_study(planned, Capacity(1))).as_text()


def test_the_report_says_so_and_claims_nothing_of_new_groups(file: Path) -> None:
    report = report_of(file)
    (row,) = contrasts_of(report).rows
    assert (row.verdict.kind, row.verdict.text) == (
        "better here",
        f"better on these data; new videos cannot be judged: {WHY}",
    )
    text = render_markdown(report)
    assert f"- {SAID}" in text
    assert "and for new videos" not in text.split("## What was run")[0]
    assert f"*New data*: would it hold for new videos: not asked, as {WHY}." in text
    for measured in report.section(MethodsSection).models[0].row.measured.values():
        assert measured.estimates is not None
        assert measured.estimates.new_data.half_width is None


def test_folds_by_video_are_judged(file: Path) -> None:
    report = report_of(file, ", folds: {by: video, k: 3}")
    assert contrasts_of(report).rows[0].verdict.kind == "better"
    assert "more than one split" not in render_markdown(report)
