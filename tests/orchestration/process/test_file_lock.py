"""A lock is held by one process at a time, and is free however that process ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.process.file_lock import is_locked, lock, locked

HOLDING = """
import sys, time
from pathlib import Path
from orchestration.process.file_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_locked(path)
        with path.open("rb") as file, pytest.raises(BlockingIOError):
            lock(file, wait=False)
        holder.kill()
    assert not is_locked(path)
    with locked(path):
        assert is_locked(path), "another descriptor of this process is another holder"
    assert not is_locked(path)


def test_shared_locks_exclude_an_exclusive_one_only(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as one, path.open("rb") as another:
        lock(one, shared=True)
        lock(another, wait=False, shared=True)
        assert is_locked(path)


def test_a_file_that_is_missing_is_no_free_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        is_locked(tmp_path / "lock")
