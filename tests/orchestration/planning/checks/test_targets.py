"""What is predicted decides the primary metric, what can be scored, and which settings mean something."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.process.errors import UsageError
from tests.dmd.data.formats.test_labels import CLASSES, ONE_HOT, write
from tests.orchestration.short_studies import prepare_text

SPACE = """\
study: feelings
data: {{path: {path}, target: {{kind: {kind}, names: [{names}]}}{scale}}}
model: {{name: median{more}}}
confirm: {{seeds: 2, details: false}}
"""


def space(path: Path, kind: str, more: str = "") -> str:
    names = "" if kind == "regression" else ", ".join(CLASSES.names)
    scale = ", label_scale: {low: 0, high: 1, neutral: 0.5}" if kind == "several" else ""
    return SPACE.format(path=write(path / "d.npz", ONE_HOT), kind=kind, names=names, more=more, scale=scale)


@pytest.mark.parametrize(
    ("kind", "primary", "first"),
    [("classes", "macro_f1", "nll"), ("binaries", "weighted_f1", "nll"), ("several", "mae", "mae")],
)
def test_a_space_that_names_no_primary_metric_has_that_of_its_target(
    tmp_path: Path, kind: str, primary: str, first: str
) -> None:
    planned = prepare_text(space(tmp_path, kind)).planned
    assert planned.space.primary_metric == primary
    assert planned.scoring.names[0] == first
    assert planned.shown_objective.direction == ("minimize" if primary == "mae" else "maximize")


def test_a_file_that_says_what_its_labels_are_decides_it_too(tmp_path: Path) -> None:
    path = write(tmp_path / "d.npz", [0, 2, 1, 2], target_kind="classes", target_names=CLASSES.names)
    text = f"study: s\ndata: {{path: {path}}}\nmodel: {{name: median}}\nconfirm: {{seeds: 2, details: false}}\n"
    assert prepare_text(text).planned.space.primary == "test/macro_f1"
    assert prepare_text(text + "primary: test/acc\n").planned.space.primary == "test/acc"
    with pytest.raises(UsageError, match="primary: test/mae cannot be scored"):
        prepare_text(text + "primary: test/mae\n")


def test_a_metric_of_another_target_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    text = space(tmp_path, "classes")
    why = r"primary: test/mae cannot be scored .*the target is classes \(angry, happy, sad\)"
    with pytest.raises(UsageError, match=why):
        prepare_text(text + "primary: test/mae\n")
    with pytest.raises(UsageError, match=r"take one of test/nll, test/acc, test/uar, test/macro_f1, .*test/f1_sad"):
        prepare_text(text + "primary: test/f1_bored\n")
    assert prepare_text(text + "primary: test/f1_sad\n").planned.space.primary_metric == "f1_sad"


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("several", ", class_weights: balanced", "class_weights means something for targets of classes and binaries"),
        ("several", ", selection: answers", "selection: answers means something for targets of classes and binaries"),
        ("classes", ", auxiliary_weight: 0.5", "auxiliary_weight means something for targets of several"),
    ],
)
def test_a_setting_that_would_change_nothing_is_refused(tmp_path: Path, kind: str, more: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        prepare_text(space(tmp_path, kind, more))


def test_weights_of_classes_are_a_setting_where_there_are_classes(tmp_path: Path) -> None:
    planned = prepare_text(space(tmp_path, "classes", ", class_weights: balanced")).planned
    assert planned.baseline.settings["class_weights"] == "balanced"


def test_all_that_does_not_fit_the_data_is_said_at_once(tmp_path: Path) -> None:
    text = space(tmp_path, "classes", ", auxiliary_weight: 0.5") + "primary: test/mae\n"
    with pytest.raises(UsageError) as refused:
        prepare_text(text)
    assert [line.split(" ")[0] for line in str(refused.value).splitlines()] == ["primary:", "arm"]
