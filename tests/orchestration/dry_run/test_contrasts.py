"""What a dry run says will be tested is what the report then tests, in its words."""

from __future__ import annotations

import pytest

from orchestration.dry_run.contrasts import contrast_lines, contrasts_as_json
from orchestration.planning.prepared import Prepared
from reports.analysis import analyse
from reports.sections.ablation.section import ContrastsSection
from reports.sections.asked.section import AskedSection
from tests.orchestration.short_studies import prepare_text, run_study

SPACE = """\
study: asked
data: {path: "planted:num_videos=9,clips_per_video=3", folds: {by: video, k: 3}}
model: {name: ridge}
arms: {models: [median, {name: ridge, arm: strong, strongest: 50.0}]}
confirm: {seeds: 2, details: false}
"""


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare_text(SPACE)


def test_a_dry_run_names_every_contrast_the_family_and_the_metric(prepared: Prepared) -> None:
    assert contrast_lines(prepared.planned) == [
        "asked: what are ridge - median and ridge - strong worth (2 declared contrasts)?",
        "judged by MAE on the test part (lower is better), p-values Holm-corrected over the 2 declared contrasts:",
        "  1. method (ridge - median)",
        "  2. settings (ridge - strong)",
    ]


def test_programs_read_the_names_of_the_arms(prepared: Prepared) -> None:
    read = contrasts_as_json(prepared.planned)
    assert read["primary"] == "test/mae"
    assert read["contrasts"][0] == {"first": "ridge", "second": "median", "isolates": "method", "in_family": True}


def test_the_report_says_the_same(prepared: Prepared) -> None:
    asked, judged, *names = contrast_lines(prepared.planned)
    study, records = run_study(prepared)
    report = analyse(study, records)
    assert (
        f"**Asked:** {asked.removeprefix('asked: ')} J{judged[1:].split(',')[0]}, with"
        in report.section(AskedSection).markdown()
    )
    contrasts = report.section(ContrastsSection).markdown()
    assert "Holm-corrected over the 2 declared contrasts;" in contrasts
    for name in names:
        assert f"\n{name.strip()}: " in f"\n{contrasts}"


def test_one_contrast_is_no_family_and_none_is_no_claim() -> None:
    one = contrast_lines(prepare_text(SPACE + "contrasts: [[ridge, median]]\n").planned)
    assert one[1].endswith("p-values Holm-corrected over the one declared contrast:")
    none = contrast_lines(prepare_text(SPACE + "contrasts: []\n").planned)
    assert none == ["asked: how do 3 arms score? No contrast was declared, so no claim is made."]


def test_what_stands_beside_the_family_is_told_apart() -> None:
    """Rows that keep the heads of what is switched off say how a difference comes about."""
    space = SPACE.replace("{name: ridge}", "{name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 1}", 1)
    text = space.replace(
        SPACE.splitlines()[3], "arms: {ablation: {components: [fd, homo_gd, ca, hetero_gd], design: published}}"
    )
    lines = contrast_lines(prepare_text(text).planned)
    place = lines.index("compared beside them, without p-value and without claim:")
    assert lines[place - 1] == "  6. FD (FD only - no component)"
    assert lines[place + 1] == "  HeteroGD's distillation (full model - w/o HeteroGD, heads kept)"
