"""Groups as a user meets them: in ``dmd-data folds``, in a dry run, and in what a study says of its data."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from orchestration.cli.data import app
from orchestration.cli.exit_codes import BAD_INPUT
from orchestration.planning.prepared import Prepared, prepare
from orchestration.planning.study_description import describe_study
from search_spaces.loading.load import load_text
from tests.dmd.data.dataset.test_groups import with_ids

SPACE = """\
study: small
data: {{path: data.npz{more}}}
model: {{name: ridge}}
arms: {{models: [median]}}
confirm: {{seeds: 2}}
"""
FOLDS = ", folds: {by: video, k: 3}"


def write_data(folder: Path, form: str) -> None:
    with (folder / "data.npz").open("wb") as stream:
        np.savez(stream, **with_ids([form.format(video=row // 2, clip=row % 2, row=row) for row in range(18)]))


def prepared(folder: Path, more: str) -> Prepared:
    from orchestration.planning.method_catalogue import describe_methods

    return prepare(load_text(SPACE.format(more=more), describe_methods()), folder)


def folds_command(folder: Path, more: str) -> tuple[int, str]:
    (folder / "small.yaml").write_text(SPACE.format(more=more))
    done = CliRunner().invoke(app, ["folds", "--space", str(folder / "small.yaml"), "--data-dir", str(folder)])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("form", "groups"),
    [("v{video}[{clip}]", ""), ("_d-{video}_{clip}", ""), ("v{video}/{clip}", ", groups: {pattern: '(.+)/'}")],
)
def test_no_video_lies_in_two_folds(tmp_path: Path, form: str, groups: str) -> None:
    write_data(tmp_path, form)
    code, printed = folds_command(tmp_path, FOLDS + groups)
    assert code == 0
    tested = defaultdict(set)
    for row in csv.DictReader(io.StringIO(printed)):
        if row["part"] == "test":
            tested[row["id"][:-2].rstrip("[/_")].add(row["fold"])
    assert len(tested) == 9
    assert all(len(folds) == 1 for folds in tested.values())


def test_folds_over_single_clips_are_one_line_before_anything_starts(tmp_path: Path) -> None:
    write_data(tmp_path, "{row}")
    code, printed = folds_command(tmp_path, FOLDS)
    assert (code, printed.count("\n")) == (BAD_INPUT, 1)
    assert "every item is a group of its own" in printed
    with pytest.raises(Exception, match="every item is a group of its own"):
        prepared(tmp_path, FOLDS)
    assert prepared(tmp_path, FOLDS + ", groups: {key: id}").planned.num_trials == 12


@pytest.mark.parametrize(
    ("form", "more", "noun", "protocol"),
    [
        ("v{video}[{clip}]", FOLDS, "videos", "3 folds over videos"),
        ("v{video}_{clip}", FOLDS, "groups", "groups never cross folds"),
        ("{row}", "", "items", "own train, valid and test parts"),
    ],
)
def test_a_study_says_of_groups_what_is_known(tmp_path: Path, form: str, more: str, noun: str, protocol: str) -> None:
    write_data(tmp_path, form)
    ready = prepared(tmp_path, more)
    described = describe_study(ready.planned, ready.dataset, ready.fingerprint, "", "")
    assert described.groups_are == noun
    assert protocol in described.data["protocol"]


def test_inspect_takes_the_groups_and_says_where_they_come_from(tmp_path: Path) -> None:
    write_data(tmp_path, "v{video}/{clip}")
    path = str(tmp_path / "data.npz")
    unknown = CliRunner().invoke(app, ["inspect", path])
    assert "groups        not known: there is no key `video`, and ids such as 'v0/0'" in unknown.output
    told = CliRunner().invoke(app, ["inspect", path, "--group-pattern", "(?P<video>.+)/"])
    assert "18 samples in 9 videos" in told.output
    both = CliRunner().invoke(app, ["inspect", path, "--group-pattern", "(.+)/", "--group-key", "id"])
    assert both.exit_code == BAD_INPUT
