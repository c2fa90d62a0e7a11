"""CH-SIMS from its file to the report: refused as sentiment on [-3, 3], and scored as MMSA scores it once declared."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dmd.errors import DataError
from orchestration.cli.data import app
from orchestration.cli.exit_codes import BAD_INPUT
from orchestration.process.errors import UsageError
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.sections.ablation.section import MethodsSection
from tests.orchestration.short_studies import prepare_text, run_study

SPACE = """\
study: sims
data: {{path: unaligned_39.pkl{more}}}
model: {{name: ridge}}
arms: {{models: [median]}}
primary: test/{primary}
confirm: {{seeds: 2, details: false}}
"""
DECLARED = ", label_scale: {low: -1, high: 1, neutral: 0}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in MMSA's layout with labels on CH-SIMS' grid; three clips of a video."""
    random, content = np.random.default_rng(0), {}
    for split, n in (("train", 66), ("valid", 22), ("test", 55)):
        labels = np.tile(np.arange(-5, 6) / 5, n // 11)
        values = random.normal(size=(n, 3, 2)).astype(np.float32)
        values[:, :, 0] += 1.5 * labels[:, None]
        ids = np.array([f"video_{split}{row // 3:04d}$_${row % 3:04d}" for row in range(n)])
        content[split] = {
            "text": values,
            "audio": values[:, :, 1:],
            "vision": values[:, :, 1:],
            "regression_labels": labels,
            "regression_labels_T": labels,
            "id": ids,
        }
    place = tmp_path_factory.mktemp("sims")
    (place / "unaligned_39.pkl").write_bytes(pickle.dumps(content))
    return place


def test_without_its_scale_it_is_refused_before_anything_starts(folder: Path) -> None:
    with pytest.raises(DataError, match=r"fill \[-1, 1\].*`data.label_scale: \{low: -1, high: 1, neutral: 0\}`"):
        prepare_text(SPACE.format(more="", primary="mae"), folder)


def test_with_its_scale_every_score_is_mmsas_and_has_both_intervals(folder: Path) -> None:
    study, records = run_study(prepare_text(SPACE.format(more=DECLARED, primary="mae"), folder))
    assert study.metrics == ("mae", "corr", "acc5_sims", "acc3_sims", "acc2_sims", "f1_sims")
    clipped_somewhere = False
    for record in records:
        found = record.predictions
        assert found is not None
        assert record.test is not None
        labels, raw = np.round(found.labels, 6), found.values.astype(float)
        values = np.clip(raw, -1, 1)
        clipped_somewhere |= bool((values != raw).any())
        expected = {"mae": np.mean(np.abs(values - labels)), "acc2_sims": np.mean((values > 0) == (labels > 0))}
        for name, cuts in (("acc3_sims", [-0.1, 0.1]), ("acc5_sims", [-0.7, -0.1, 0.1, 0.7])):
            sides = [(side[:, None] > np.array(cuts)).sum(1) for side in (values, labels)]
            expected[name] = np.mean(sides[0] == sides[1])
        for name, value in expected.items():
            assert record.test[name] == pytest.approx(value, abs=1e-6), name
    assert clipped_somewhere, "or the clipping would not have been seen"
    report = analyse(study, records)
    for row in report.section(MethodsSection).models:
        for name, measured in row.row.measured.items():
            assert measured.estimates is not None
            assert measured.estimates.new_data.low is not None, (row.row.arm, name)
    text = render_markdown(report)
    assert "Acc-3 SIMS" in text
    assert "Acc-7" not in text.split("## Provenance")[0]
    assert "Predictions farther than 1 from the neutral label score as if they were there." in text


def test_a_metric_of_another_scale_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"primary: test/acc7 cannot be scored on .*the label scale \[-1, 1\] around 0; take one of .*acc3_sims",
    ):
        prepare_text(SPACE.format(more=DECLARED, primary="acc7"), folder)


def test_inspect_and_convert_take_the_scale(folder: Path, tmp_path: Path) -> None:
    def call(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*arguments, "--data-dir", str(folder)])
        return done.exit_code, done.output

    code, text = call("inspect", "unaligned_39.pkl")
    assert (code, text.count("\n")) == (BAD_INPUT, 1)
    assert "--label-scale=-1,1,0" in text
    target = str(tmp_path / "sims")
    for arguments in (
        ("inspect", "unaligned_39.pkl", "--label-scale=-1,1,0"),
        ("inspect", "unaligned_39.pkl", "--label-scale", "-1,1,0"),
        ("convert", "unaligned_39.pkl", target, "--label-scale=-1,1,0"),
    ):
        code, text = call(*arguments)
        assert code == 0
        assert "label scale   [-1, 1], neutral 0" in text
    code, text = call("inspect", target)
    assert "label scale   [-1, 1], neutral 0" in text, "a converted folder keeps it"
    for wrong in ("-1,1", "1,-1,0", "-1,1,2", "a,b,c", "-1,inf,0"):
        code, text = call("inspect", "unaligned_39.pkl", f"--label-scale={wrong}")
        assert code == BAD_INPUT
        assert "--label-scale must be LOW,HIGH,NEUTRAL" in text
