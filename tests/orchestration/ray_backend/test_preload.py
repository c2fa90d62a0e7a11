"""Workers that start together import in turns, and one that dies keeps nobody waiting."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from orchestration.ray_backend.preload import TURNS, turn, turns_in

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


def test_only_what_starts_inside_takes_turns(tmp_path: Path) -> None:
    assert TURNS not in os.environ
    with turns_in(tmp_path):
        assert os.environ[TURNS] == str(tmp_path)
    assert TURNS not in os.environ
