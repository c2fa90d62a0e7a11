"""What is written whole is there whole or not at all, and on disk when it is said to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.process.atomic_files import make_folder, put_in_place, remove_half_written, write_whole


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the disk, in order: names of what is synced, and of what is renamed to what."""
    asked: list[str] = []
    sync, rename = os.fsync, os.replace

    def note_sync(descriptor: int) -> None:
        asked.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name.replace(str(os.getpid()), 'PID')}")
        sync(descriptor)

    def note_rename(source: Path, target: Path) -> None:
        asked.append(f"rename to {target.name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_rename)
    return asked


def test_a_file_is_on_disk_before_it_has_its_name_and_its_name_before_it_counts(
    tmp_path: Path, calls: list[str]
) -> None:
    write_whole(tmp_path / "new" / "folder" / "file", b"content")
    assert (tmp_path / "new" / "folder" / "file").read_bytes() == b"content"
    assert calls == [
        "sync new",
        f"sync {tmp_path.name}",
        "sync file.PID.tmp",
        "rename to file",
        "sync folder",
    ]
    calls.clear()
    write_whole(tmp_path / "new" / "folder" / "file", b"other")
    assert calls == ["sync file.PID.tmp", "rename to file", "sync folder"]
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["file"]


def test_files_get_their_names_in_order_and_each_folder_is_synced_once(tmp_path: Path, calls: list[str]) -> None:
    make_folder(tmp_path / "tables")
    calls.clear()
    for name in ("0", "1", "2"):
        (tmp_path / name).write_text(name)
    put_in_place(
        {
            tmp_path / "0": tmp_path / "tables" / "a",
            tmp_path / "1": tmp_path / "tables" / "b",
            tmp_path / "2": tmp_path / "last",
        }
    )
    assert sorted(calls[:3]) == ["sync 0", "sync 1", "sync 2"]
    assert calls[3:6] == ["rename to a", "rename to b", "rename to last"]
    assert calls[6:] == ["sync tables", f"sync {tmp_path.name}"]


def test_a_folder_is_on_disk_with_all_below_it_before_it_has_its_name(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "made" / "deep").mkdir(parents=True)
    (tmp_path / "made" / "deep" / "file").touch()
    put_in_place({tmp_path / "made": tmp_path / "place"})
    assert sorted(calls[:3]) == ["sync deep", "sync file", "sync made"]
    assert calls[3:] == ["rename to place", f"sync {tmp_path.name}"]


def test_what_killed_writers_of_a_file_have_left_goes_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.json", "a.json.12.tmp", "a.json.345.tmp", "b.json.12.tmp"):
        (tmp_path / name).touch()
    remove_half_written(tmp_path / "a.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json.12.tmp"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
