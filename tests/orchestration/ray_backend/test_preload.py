"""Workers that start together import in turns, and one that dies keeps nobody waiting."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.ray_backend.preload import OF_A_TRIAL, TURNS, preload, turn, turns_in

TAKING = """
import sys, time
from pathlib import Path
from orchestration.ray_backend.preload import turn
with turn(Path(sys.argv[1]), int(sys.argv[2])):
    print("taken", flush=True)
    time.sleep(60)
"""


def _take(folder: Path, num_turns: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TAKING, str(folder), str(num_turns)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_as_many_as_there_are_turns_and_then_the_next(tmp_path: Path) -> None:
    with _take(tmp_path, 2) as first, turn(tmp_path, 2):
        assert first.stdout is not None
        assert first.stdout.readline() == "taken\n"
        with _take(tmp_path, 2) as second:
            assert second.stdout is not None
            assert not select.select([second.stdout], [], [], 1.5)[0], "a third one has a turn"
            second.kill()
        first.kill()
    began = time.monotonic()
    with turn(tmp_path, 1):
        assert time.monotonic() - began < 1


def test_the_next_one_has_its_turn_when_a_holder_is_killed(tmp_path: Path) -> None:
    with _take(tmp_path, 1) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "taken\n"
        with _take(tmp_path, 1) as second:
            assert second.stdout is not None
            first.kill()
            assert second.stdout.readline() == "taken\n"
            second.kill()


@pytest.mark.parametrize("folder", ["there", "gone"])
def test_workers_import_with_or_without_turns(tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error would end the worker: Ray lets an ImportError alone pass."""
    (tmp_path / "there").mkdir()
    imported: list[str] = []
    monkeypatch.setattr("orchestration.ray_backend.preload.import_module", imported.append)
    with turns_in(tmp_path / folder):
        preload()
    assert imported == list(OF_A_TRIAL)


def test_only_what_starts_inside_takes_turns(tmp_path: Path) -> None:
    assert TURNS not in os.environ
    with turns_in(tmp_path):
        assert os.environ[TURNS] == str(tmp_path)
    assert TURNS not in os.environ
