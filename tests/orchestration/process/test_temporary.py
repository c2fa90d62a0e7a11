"""Temporary directories go with their process, or, if that was killed, with the next start."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from orchestration.process.temporary import remove_abandoned, temporary_directory

KILLED = """
import os, signal, subprocess
from orchestration.process.temporary import temporary_directory
with temporary_directory("x-") as directory:
    (directory / "deep").mkdir()
    child = subprocess.Popen(["sleep", "60"], stdout=(directory / "deep" / "log").open("w"), stderr=subprocess.DEVNULL)
    print(directory, child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def removed_from(place):
    """What others have left where sockets go is removed as well."""
    return [directory for directory in remove_abandoned() if directory.parent == place]


def test_a_killed_process_leaves_a_directory_and_a_process_until_the_next_start_and_others_keep_theirs(place):
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    words = done.stdout.split()
    left, child = Path(words[0]), int(words[1])
    assert lives(child)
    assert left.parent == place
    assert (left / "deep").is_dir()
    (place / "dmd-mine").mkdir()
    (place / "other").mkdir()
    with temporary_directory() as used:
        with (used / "log").open("w") as log, (left / "deep" / "log").open() as read:
            mine, reader = (subprocess.Popen(["sleep", "60"], stdout=file) for file in (log, read))
        assert removed_from(place) == [left]
        assert not lives(child)
        for process in (mine, reader):
            assert lives(process.pid), "it writes elsewhere, or only reads"
            process.kill()
            process.wait()
        assert {path.name for path in place.iterdir()} == {"dmd-mine", "other", used.name}
    assert not used.exists()


def test_a_directory_goes_when_its_user_fails(place):
    with pytest.raises(RuntimeError), temporary_directory("y-") as directory:
        (directory / "file").touch()
        raise RuntimeError
    assert list(place.iterdir()) == []
    assert directory.name.startswith("dmd-y-")


def test_who_cleans_while_a_directory_is_made_does_not_take_it_for_abandoned(place, monkeypatch):
    lock = fcntl.flock

    def cleaned_just_before(descriptor, how):
        monkeypatch.setattr(fcntl, "flock", lock)
        assert removed_from(place) == []
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", cleaned_just_before)
    with temporary_directory("x-") as directory:
        assert directory.is_dir()
        assert fcntl.flock is lock
