"""The command that a report shows under "Run it again": whoever types it gets the same study."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.cli.search_request import command_line
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from search_spaces.loading.load import load_text
from tests.dmd.data_builders import npz_arrays, write_npz

SPACE = 'study: s\ndata: {path: "PATH"}\nmodel: {name: median}\nconfirm: {seeds: 1}\n'


def needed(path: str, data_dir: Path | None) -> Path | None:
    """The folder that the command of a study on these data must name."""
    return prepare(load_text(SPACE.replace("PATH", path), describe_methods()), data_dir).data_dir_needed


def test_a_folder_that_the_environment_named_is_in_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npz(tmp_path, npz_arrays())
    assert needed("data.npz", tmp_path) == tmp_path
    monkeypatch.setattr("sys.argv", ["dmd-search", "--space", "mine.yaml"])
    assert command_line(tmp_path) == f"dmd-search --space mine.yaml --data-dir {tmp_path}"


@pytest.mark.parametrize("typed", [["--data-dir", "d"], ["--data-dir=d"]])
def test_a_folder_that_was_typed_stands_as_it_was_typed(typed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["dmd-search", "--space", "mine.yaml", *typed])
    assert command_line(Path("/data/d")) == " ".join(["dmd-search --space mine.yaml", *typed])


def test_data_that_are_found_without_it_need_no_folder(tmp_path: Path) -> None:
    assert needed("planted:num_videos=9,clips_per_video=2", tmp_path) is None
    assert needed(str(write_npz(tmp_path, npz_arrays())), tmp_path / "elsewhere") is None
