"""Runs one side of the comparison in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.overhead.sides import Side


def start_side(module: str, directory: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start ``benchmarks.overhead.<module>`` on ``directory``; its output goes to files there."""
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", f"benchmarks.overhead.{module}", str(directory), *options]
    # What a killed Ray leaves behind lies beside the study; the paths of its sockets have to be short.
    temporary = directory.parent / "t"
    temporary.mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(temporary)}
    with (directory / "out").open("wb") as out, (directory / "err").open("ab") as err:
        return subprocess.Popen(command, stdout=out, stderr=err, env=environment)


def finish_side(process: subprocess.Popen[bytes], directory: Path) -> Side:
    """Wait for the process and read what it found. Raises RuntimeError with what it said if it failed."""
    code = process.wait()
    lines = (directory / "out").read_text().splitlines()
    if code != 0 or not lines:
        raise RuntimeError(f"{directory.name} ended with {code}:\n{(directory / 'err').read_text()[-4000:]}")
    return Side(**json.loads(lines[-1]))


def run_side(module: str, directory: Path, *options: str) -> Side:
    """Start the side and wait for it."""
    return finish_side(start_side(module, directory, *options), directory)
