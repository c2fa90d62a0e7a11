"""Checkpoints of a trial on nodes that do not see the study's directory, without the cluster between."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.node_setup.cache import CACHE_VARIABLE
from orchestration.ray_backend.checkpoint_transfer import (
    CheckpointStore,
    CheckpointTransfer,
    pause_after,
    read_folder,
    write_folder,
)


def test_the_store_keeps_the_last_state_of_each_trial_until_it_is_dropped(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoints", "study")
    assert store.read("a") == {}
    store.write("a", {"state.pt": b"1", "more": b"x"})
    store.write("a", {"state.pt": b"2"})
    store.write("b", {"state.pt": b"3"})
    assert store.read("a") == {"state.pt": b"2", "more": b"x"}
    # Where the driver looks for it, and where another store, started after this one died, finds it.
    assert (tmp_path / "checkpoints" / "a" / "state.pt").read_bytes() == b"2"
    assert CheckpointStore(tmp_path / "checkpoints", "study").read("b") == {"state.pt": b"3"}
    store.drop("a")
    assert store.read("a") == {}


def test_the_store_of_an_outside_driver_keeps_studies_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    CheckpointStore(None, "one").write("a", {"state.pt": b"1"})
    assert CheckpointStore(None, "two").read("a") == {}
    assert CheckpointStore(None, "one").read("a") == {"state.pt": b"1"}


def test_no_name_of_a_file_leaves_its_folder(tmp_path: Path) -> None:
    for name in ("../out", "/out", "a/b", ".."):
        with pytest.raises(ValueError, match="names of files are no paths"):
            write_folder(tmp_path / "in", {name: b""})
    assert list(tmp_path.iterdir()) == []


def test_what_is_half_written_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "state.pt.77.tmp").write_bytes(b"half")
    (tmp_path / "state.pt").write_bytes(b"whole")
    assert read_folder(tmp_path) == {"state.pt": b"whole"}


def test_a_state_that_takes_long_to_travel_does_so_more_rarely() -> None:
    assert pause_after(0.2) == 10
    # Five seconds in fifty are a tenth.
    assert pause_after(5) == pytest.approx(45)


@pytest.mark.parametrize(("says", "sees"), [("token", True), ("another", False), (None, False)])
def test_a_node_sees_the_driver_s_directory_if_it_reads_the_driver_s_mark(
    tmp_path: Path, says: str | None, sees: bool
) -> None:
    marker_file = tmp_path / ".driver"
    if says is not None:
        marker_file.write_text(says)
    assert CheckpointTransfer(None, marker_file, "token", is_ray_client=False).sees_directory() is sees
