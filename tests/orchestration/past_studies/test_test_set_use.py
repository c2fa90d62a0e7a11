"""A study knows how often the test parts of its data had been scored before it began, and keeps saying so."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.study_directory import StudyDirectory
from orchestration.past_studies.test_set_use import count_test_set_uses
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from search_spaces.loading.load import load_text

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def run(directory: Path, seed: int = 0, weakest: float = 1e-4, confirm: int = 1) -> dict[str, int]:
    """Run a ridge study on planted data and give what it says was scored before it."""
    space = f"""\
study: {directory.name}
data: {{path: "planted:num_videos=9,clips_per_video=4,seed={seed}", folds: {{by: video, k: 3}}}}
model: {{name: ridge, weakest: {weakest}}}
confirm: {{seeds: {confirm}}}
"""
    planned = prepare(load_text(space, describe_methods()), None)
    launch(planned, StudyDirectory(directory), LaunchOptions(executor="inline", is_quiet=True))
    manifest = StudyDirectory(directory).read_manifest()
    assert manifest is not None
    return dict(manifest.description.scored_before)


def test_studies_beside_it_on_the_same_data_count_and_later_ones_do_not(tmp_path: Path) -> None:
    assert run(tmp_path / "first") == {}
    assert run(tmp_path / "other-data", seed=1) == {}
    assert run(tmp_path / "second", weakest=1e-3) == {"first": 1}
    # The first study goes on with more seeds: when it began, nothing had been seen.
    assert run(tmp_path / "first", confirm=2) == {}
    content_hash = StudyDirectory(tmp_path / "second").read_manifest().description.data["content_hash"]  # type: ignore[union-attr]
    assert count_test_set_uses(StudyDirectory(tmp_path / "third"), content_hash) == {"first": 1, "second": 1}


def test_what_cannot_be_read_has_no_say(tmp_path: Path) -> None:
    run(tmp_path / "first")
    manifest = StudyDirectory(tmp_path / "first").read_manifest()
    assert manifest is not None
    content_hash = manifest.description.data["content_hash"]
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "manifest.json").write_text("{")
    (tmp_path / "first" / "ledger.jsonl").unlink()
    assert count_test_set_uses(StudyDirectory(tmp_path / "second"), content_hash) == {}
