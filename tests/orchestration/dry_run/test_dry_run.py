"""``--dry-run``: what a packaged space would do, said before anything starts, and nothing left behind."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import orchestration.planning.plan_study  # noqa: F401 (its name is counted too)
import search_spaces.design.arms
from dmd.data.formats.planted import planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from orchestration.cli.search import app
from search_spaces.loading.packaged import packaged_spaces
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.trial import Arm
from tests.dmd.data.formats.test_emotion_files import mult, sims
from tests.dmd.data.formats.test_mmsa import aligned
from tests.dmd.data.utterances.test_dialogues import meld
from tests.orchestration.command_line import errors_in

SMALL = "data.path='planted:num_videos=9,clips_per_video=60'"
THREE_FOLDS = "data.folds={by: video, k: 3}"


EMOTIONS: Mapping[str, Callable[[], object]] = {"iemocap": mult, "meld": lambda: meld(with_vision=True), "sims": sims}
"""Spaces whose data are told by their layout -> a small file of it."""


PAPER = {"paper-mosi": "MOSI", "paper-mosei": "MOSEI"}
"""Spaces that are run by who has MMSA's files -> the data set."""


def small_mmsa_file() -> dict[str, dict[str, Any]]:
    """As ``aligned_50.pkl``, small but for the 160 training items of one published optimiser step."""
    return aligned(planted_dataset(PlantedSpec(num_videos=45, clips_per_video=6)))


def small_data(name: str, folder: Path) -> list[str]:
    """What has a packaged space run on little data."""
    if name in PAPER:
        place = folder / "files" / PAPER[name] / "Processed"
        place.mkdir(parents=True)
        (place / "aligned_50.pkl").write_bytes(pickle.dumps(small_mmsa_file()))
        return ["--data-dir", str(folder / "files")]
    if name not in EMOTIONS:
        return ["--set", SMALL, "--set", THREE_FOLDS]
    path = folder / "small.pkl"
    path.write_bytes(pickle.dumps(EMOTIONS[name]()))
    return ["--set", f"data.path={path}"]


def dry_run(name: str, out: Path, *more: str) -> str:
    arguments = ["--space", name, "--out", str(out), *small_data(name, out.parent), "--dry-run", *more]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert not out.exists()
    return done.stdout


# At the published sizes of two dozen methods; `test_packaged.py` plans their arms.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in PAPER else ()) for name in packaged_spaces()]
)
def test_a_packaged_space_says_its_arms_its_trials_and_its_cost(name: str, tmp_path: Path) -> None:
    said = json.loads(dry_run(name, tmp_path / "runs", "--json"))
    contents = {"study", "arms", "primary", "contrasts", "num_trials", "stages", "estimate", "detectable", "extension"}
    assert set(said) == contents
    assert said["num_trials"] == said["stages"]["search"] + said["stages"]["confirm"] > 0
    assert set(said["estimate"]["arm_trial_s"]) == set(said["arms"])
    assert said["estimate"]["wall_s"] > 0


def test_a_person_reads_the_same(tmp_path: Path) -> None:
    lines = dry_run("unimodal", tmp_path / "runs").splitlines()
    assert lines[0] == "study mosi-unimodal: 8 arms, 3 cells (folds), 3 confirm seeds"
    assert [line.split()[0].rstrip(":") for line in lines[1:9]] == [
        "dmd", "language", "language-fd", "audio", "audio-fd", "vision", "vision-fd", "median"
    ]  # fmt: skip
    assert "trials: 126 search + 72 confirm = 198" in lines


def test_one_process_and_a_cluster_are_not_both_meant(tmp_path: Path) -> None:
    chosen = ["--space", "quickstart", "--out", str(tmp_path / "runs"), "--address", "auto", "--executor", "inline"]
    done = CliRunner().invoke(app, chosen)
    assert done.exit_code == 2
    assert errors_in(done.stderr)[0].startswith("error: --address: ")
    assert "--executor inline" in done.stderr


RIDGE_AND_MEDIAN = """\
study: planned-once
data: {path: "planted:num_videos=9,clips_per_video=3", folds: {by: video, k: 3}}
model: {name: ridge}
arms: {models: [median]}
search: {parameters: {strongest: {log_uniform: [100.0, 10000.0]}}, trials: 2, start: [{strongest: 1000.0}]}
confirm: {seeds: 2}
resources: {cpu: 0.1, gpu: 0}
"""


def test_the_arms_of_a_study_are_planned_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks of the space, its size and its trials are all about the same arms."""
    plan_arms, num_calls = search_spaces.design.arms.plan_arms, 0

    def count(space: SearchSpace, catalogue: Catalogue) -> tuple[Arm, ...]:
        nonlocal num_calls
        num_calls += 1
        return plan_arms(space, catalogue)

    for module in [module for name, module in sys.modules.items() if name.startswith(("search_spaces", "orch"))]:
        if vars(module).get("plan_arms") is plan_arms:
            monkeypatch.setattr(module, "plan_arms", count)
    path = tmp_path / "space.yaml"
    path.write_text(RIDGE_AND_MEDIAN)
    done = CliRunner().invoke(app, ["--space", str(path), "--out", str(tmp_path / "runs"), "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["arms"] == ["ridge", "median"]
    assert num_calls == 1
